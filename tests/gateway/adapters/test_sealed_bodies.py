"""The exact arguments of recorded calls: sealed, beside the hash, and opened only for their own call."""

from __future__ import annotations

import secrets
from hashlib import sha256
from uuid import UUID, uuid4

import pytest
from django.db import connection

from gateway.adapters.store import LedgerStore
from gateway.adapters.writer import Line
from governance.models import LedgerEntry
from governance.secrets import key_ring
from governance.vault.bodies import BodySealer, open_body
from governance.vault.envelope import NotSealed

AT = "2026-11-20T08:00:00.000000Z"


def line(call: UUID, sealed: bytes | None, item: str = "echo") -> Line:
    body = {"v": 1, "at": AT, "kind": "call.intent", "call": str(call), "principal": {"person": None}}
    return Line(body=body, at=AT, kind="call.intent", call=call, agent="a", server="s", item=item, sealed=sealed)


@pytest.mark.usefixtures("own_database")
def test_a_batch_stores_each_body_with_its_own_call() -> None:
    """Contract section 7: the digest's salt is kept with the encrypted body; rows of one batch must not mix."""
    sealer = BodySealer(key_ring(), secrets.token_bytes)
    arguments = {uuid4(): text for text in (b"{}", b'{"text":"\x1e"}', b'{"text":"' + b"x" * 3000 + b'"}')}
    sealed = {call: sealer.seal(call, text) for call, text in arguments.items()}
    without = uuid4()
    store = LedgerStore()
    store.open()
    store.write([*(line(call, box) for call, (_, box) in sealed.items()), line(without, None, item="a\x1eb")])
    for call, text in arguments.items():
        stored = LedgerEntry.objects.get(call=call, kind="call.intent")
        salt, opened = open_body(bytes(stored.body), call=call, ring=key_ring())
        assert opened == text
        assert sha256(salt + opened).hexdigest() == sealed[call][0]
    assert LedgerEntry.objects.get(call=without).body is None
    store.close()
    connection.close()


def test_a_body_of_another_call_does_not_open() -> None:
    """Security section 4, vault: ciphertext moved between rows fails."""
    sealer = BodySealer(key_ring(), secrets.token_bytes)
    call = uuid4()
    _, box = sealer.seal(call, b"{}")
    with pytest.raises(NotSealed):
        open_body(box, call=uuid4(), ring=key_ring())
    with pytest.raises(NotSealed):
        open_body(box[:-1] + bytes([box[-1] ^ 1]), call=call, ring=key_ring())
