"""Build the parts of a snapshot from the database. Runs in the keeper's thread, never on the event loop."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress

from django.conf import settings
from django.utils import timezone

from gateway.mcp.param_headers import wanted
from gateway.snapshot.model import AgentRecord, ApprovedItem, Identity, Rules, ServerRecord, TokenRecord
from gateway.snapshot.reach import Reach
from governance.models import Agent, AgentToken, DataRole, PolicyVersion
from governance.policy.compiled import compile_policy
from governance.policy.language import parse
from governance.policy.values import Caller, Kind
from registry.approved import policy_item
from registry.conditions import with_conditions
from registry.mcp.uri_template import UriTemplate
from registry.models import Item as ItemRow
from registry.models import Server, Sessions

LISTINGS = {"tool": "tools", "prompt": "prompts", "resource": "resources", "template": "resourceTemplates"}


def identity(revocations_seen: int) -> Identity:
    """Agents that are active, with an active owner, their live tokens, and what each role reaches."""
    rate = settings.AGENT_RATE
    usual = (rate.calls, rate.seconds) if rate is not None else None
    agents = {
        row.name: AgentRecord(
            name=row.name,
            caller=Caller(
                agent=row.name,
                person=row.owner.email if row.owner else None,
                teams=frozenset(t.name for t in (row.owner.teams.all() if row.owner else [row.team])),
                roles=frozenset(role.name for role in row.roles.all()),
            ),
            rate=(row.rate_calls, row.rate_seconds) if row.rate_calls and row.rate_seconds else usual,
            hold_seconds=row.hold_seconds,
        )
        for row in Agent.objects.filter(active=True)
        .exclude(owner__is_active=False)
        .select_related("owner", "team")
        .prefetch_related("roles", "owner__teams")
    }
    live = AgentToken.objects.filter(revoked_at=None, expires_at__gt=timezone.now()).select_related("agent")
    tokens = {
        row.public_id: TokenRecord(row.public_id, row.digest, row.agent.name, row.expires_at.timestamp(), row.audience)
        for row in live
    }
    return Identity(tokens=tokens, agents=agents, reaches=reaches(), revocations_seen=revocations_seen)


def reaches() -> dict[str, Reach]:
    """What each data-plane role covers."""
    return {
        role.name: Reach.of(
            servers=role.servers,
            patterns={Kind.TOOL: role.tools, Kind.PROMPT: role.prompts, Kind.RESOURCE: role.resources},
        )
        for role in DataRole.objects.all()
    }


def server(row: Server, items: Mapping[tuple[Kind, str], ApprovedItem], instructions: str) -> ServerRecord:
    """One server with its approved items in its own order, and its approved instructions as they are stored."""
    allows = frozenset(what for what, answer in row.client_requests.items() if answer == "allow")
    return ServerRecord(
        name=row.name,
        pk=row.pk,
        transport=row.transport,
        deadline=float(row.deadline_seconds),
        result_bytes=row.result_bytes,
        items=items,
        instructions=instructions_text(instructions),
        capabilities=row.capabilities,
        allows=allows,
        own_sessions=own_sessions(row),
        fingerprint=fingerprint(row),
    )


def own_sessions(row: Server) -> bool:
    """Whether each agent has a connection of its own: where the server may ask, or keeps what an agent watches."""
    if row.sessions != Sessions.AUTO:
        return row.sessions == Sessions.AGENT
    resources = row.capabilities.get("resources")
    watched = isinstance(resources, dict) and resources.get("subscribe") is True
    return watched or "allow" in row.client_requests.values()


def approved_item(item: ItemRow) -> ApprovedItem:
    """One approved item; a template that is none stands for no URI and is only listed."""
    template = None
    if item.kind == "template":
        with suppress(ValueError):
            template = UriTemplate(item.name)
    wire = item.approved_document.encode()
    known = policy_item(item)
    headers = wanted(known.schema) if item.kind == "tool" else ()
    return ApprovedItem(known, item.approved_digest, wire, LISTINGS[item.kind], template, headers)


def instructions_text(document: str) -> str | None:
    """The approved instructions: stored as a JSON string, or as an object with `instructions`."""
    if not document:
        return None
    value = json.loads(document)
    return value.get("instructions") if isinstance(value, dict) else str(value)


def fingerprint(row: Server) -> str:
    """A digest over everything that decides how the server is reached."""
    parts = [
        row.client_requests,
        row.sessions,
        row.transport,
        row.url,
        row.command,
        row.cwd,
        row.env,
        row.headers,
        row.allow_private_address,
        row.sandbox,
    ]
    return hashlib.sha256(json.dumps([*parts, row.result_bytes], sort_keys=True).encode()).hexdigest()


def rules() -> Rules:
    """The live policy, compiled; it was checked when it was published, so an error here is a broken row."""
    row = PolicyVersion.objects.filter(live=True).first()
    if row is None:
        return Rules()
    policy = with_conditions(parse(row.text), conditions())
    return Rules(compiled=compile_policy(policy), version=str(row.version))


def conditions() -> list[tuple[str, str, str, dict[str, object]]]:
    """What the approvals of items demand: server, kind, name, condition. They narrow the policy, whatever it says."""
    # Also of items that are held: they may be approved again without the policy being compiled anew.
    demanding = ItemRow.objects.exclude(condition={})
    return list(demanding.values_list("server__name", "kind", "name", "condition"))
