"""Read what a server's program is kept from, as `gatehouse.yaml` says it. Pure: no Django, no I/O."""

from __future__ import annotations

from governance.policy.nodes import Node
from governance.policy.reading import Reader
from registry.transports.sandbox import KEYS, LIMITS, NO_SANDBOX, Sandbox


def sandbox_of(node: Node | None, reader: Reader, what: str) -> Sandbox:
    """`{network: false, uid: true, limits: {open_files: 256}}`; keys that are left out demand nothing."""
    if node is None:
        return NO_SANDBOX
    fields = reader.fields(node, KEYS, what)
    network = reader.boolean(fields["network"], f"network of {what}") if "network" in fields else True
    own_uid = reader.boolean(fields["uid"], f"uid of {what}") if "uid" in fields else False
    limits: dict[str, int | None] = {}
    if "limits" in fields:
        given = reader.fields(fields["limits"], LIMITS, f"limits of {what}")
        limits = {name: reader.whole(value, f"{name} of {what}", minimum=1) for name, value in given.items()}
    return Sandbox(network=network is not False, own_uid=own_uid is True, **limits)
