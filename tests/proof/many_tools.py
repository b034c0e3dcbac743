"""A registry of many servers with many approved tools, copies of what real servers offer, written in bulk."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import cycle, islice

from django.db import transaction
from django.utils import timezone

from governance.canonical.strict_json import parse
from governance.generation import bump
from governance.models import Agent, AgentToken, DataRole, Part, Team
from registry.manifest.canonical import Item as Offered
from registry.manifest.canonical import read_manifest
from registry.models import Item, Server
from registry.scanning import intent_of
from tests.registry.manifest.documents import real_documents

BATCH = 1_000


def make_servers(tools: int, servers: int) -> None:
    """So many approved tools, shared out evenly over so many web servers, in one transaction."""
    with transaction.atomic():
        for number in range(servers):
            make_server(f"s{number}", members(tools // servers))
        bump(Part.REGISTRY)


def members(count: int) -> list[dict[str, object]]:
    """So many tools of the pinned manifests, one after the other and round again."""
    real = [member for document in real_documents().values() for member in document["tools"]]
    return list(islice(cycle(real), count))


def make_agents(count: int) -> None:
    """So many agents of one team with a token each, who may use every server whose name begins with s."""
    team, role = Team.objects.create(name="fleet"), DataRole.objects.create(name="fleet", tools=["s*/*"])
    agents = Agent.objects.bulk_create(Agent(name=f"agent-{number}", team=team) for number in range(count))
    Agent.roles.through.objects.bulk_create(
        Agent.roles.through(agent_id=agent.pk, datarole_id=role.pk) for agent in agents
    )
    until = timezone.now() + timedelta(days=30)
    AgentToken.objects.bulk_create(
        AgentToken(agent=agent, public_id=f"p{agent.pk}", digest=f"{agent.pk:064}", expires_at=until)
        for agent in agents
    )


def make_server(name: str, members: list[dict[str, object]]) -> Server:
    """One server that offers copies of these tools, each under a name of its own, all of them approved."""
    row = Server.objects.create(name=name, transport="http", url=f"http://{name}.example/mcp", state="ready")
    listed = [{**member, "name": f"{member['name']}_{number}"} for number, member in enumerate(members)]
    whole = parse(json.dumps({"tools": listed}).encode(), max_members=10**7)
    items = (approved(row, found, at) for at, found in enumerate(read_manifest(whole).items))
    Item.objects.bulk_create(items, batch_size=BATCH)
    return row


def approved(server: Server, found: Offered, position: int) -> Item:
    """A tool as it is stored when it has been approved."""
    document = json.dumps(dict(found.document), sort_keys=True)
    intent, why = intent_of(found)
    return Item(
        server=server,
        kind=found.kind.value,
        name=found.name,
        state="approved",
        approved_digest=found.digest,
        approved_document=document,
        approved_by="operator",
        seen_digest=found.digest,
        seen_document=document,
        intent=intent,
        intent_reason=why,
        position=position,
    )
