"""`/manifests`: every distinct manifest that a server sent, and what differs between two of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.problems import Problem
from governance.api.shell import Endpoint, Keyset, moment
from governance.canonical.strict_json import parse
from registry.api.refusals import READ, as_problems, server_named
from registry.differences import APPROVED, MEMBERS, SEEN, manifest_of
from registry.manifest.explain import explain
from registry.models import ManifestVersion


class Manifests(Endpoint):
    """The manifests of one server, newest first."""

    scopes = {"GET": READ}

    def get(self, request: Request) -> Response:
        """A page, without the documents."""
        rows = ManifestVersion.objects.filter(server=server_named(_server(self, request))).defer("document")
        return Keyset("first_seen_at", "pk").answer(request, rows, represent_all)


class OneManifest(Endpoint):
    """One manifest with its document: by number, or `approved` or `seen`."""

    scopes = {"GET": READ}

    def get(self, request: Request, name: str, which: str) -> Response:
        """The manifest as it was sent; of `approved` and `seen` the locked items."""
        server = server_named(name)
        with as_problems():
            manifest = manifest_of(server, which)
        document = parse(manifest.encoded(), max_members=MEMBERS)
        return Response({"server": server.name, "which": which, "digest": manifest.digest, "document": document})


class ManifestDiff(Endpoint):
    """What differs between two manifests of a server."""

    scopes = {"GET": READ}

    def get(self, request: Request) -> Response:
        """The machine form of docs/changes-of-servers.md; `from` and `to` are numbers, `approved` or `seen`."""
        wanted = self.query(request, "server", "from", "to")
        server = server_named(_server(self, request))
        with as_problems():
            old, new = (manifest_of(server, wanted.get(*end)) for end in (("from", APPROVED), ("to", SEEN)))
        return Response(explain(old, new).record())


def represent_all(rows: Sequence[ManifestVersion]) -> list[dict[str, Any]]:
    """A page of manifests."""
    return [{"number": row.number, "digest": row.digest, "first_seen": moment(row.first_seen_at)} for row in rows]


def _server(view: Endpoint, request: Request) -> str:
    name = view.query(request, "server", "from", "to").get("server")
    if not name:
        raise Problem(400, "invalid", "Say of which server: `?server=NAME`.")
    return name
