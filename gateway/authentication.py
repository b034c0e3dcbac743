"""Which agent token a request presents. A verified token is remembered; whether it is still good is asked each time."""

from __future__ import annotations

from gateway.refusal import NotAuthenticated
from gateway.snapshot.model import UNAUTHENTICATED, Snapshot
from governance import tokens

REMEMBERED = 10_000
ELSEWHERE = "This token is good at {audience} only. Connect again at this address, or use the agent's own token."
BAD = "This is not a valid agent token: {problem}. Send `Authorization: Bearer <token>` with a token of this gateway."


class Authenticator:
    """Verifies bearer tokens against their keyed digests."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._verified: dict[bytes, str] = {}

    def token_of(self, header: bytes | None, snapshot: Snapshot, place: str = "") -> str | None:
        """The public id of the presented token, None when the snapshot does not know it. Raises NotAuthenticated.

        `place` is the path of the endpoint it is presented at; a token bound to one is refused at every other, and
        where the caller does not say.
        """
        token = self._presented(header, snapshot)
        audience = snapshot.identity.tokens[token].audience if token is not None else ""
        if audience and audience != place:
            raise NotAuthenticated(ELSEWHERE.format(audience=audience))
        return token

    def _presented(self, header: bytes | None, snapshot: Snapshot) -> str | None:
        if header is None:
            raise NotAuthenticated(UNAUTHENTICATED)
        known = self._verified.get(header)
        if known is not None and known in snapshot.identity.tokens:
            return known
        scheme, _, text = header.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            raise NotAuthenticated(UNAUTHENTICATED)
        try:
            presented = tokens.read_token(text.strip())
        except tokens.BadToken as problem:
            raise NotAuthenticated(BAD.format(problem=problem)) from None
        if presented.prefix != tokens.AGENT:
            raise NotAuthenticated("This is a person's API token. Agents call tools with a token of their own.")
        record = snapshot.identity.tokens.get(presented.public_id)
        if not tokens.matches(presented.secret, record.digest if record else tokens.NOBODY, self._key):
            if record is None:
                return None
            raise NotAuthenticated(BAD.format(problem="its secret part is wrong"))
        if len(self._verified) >= REMEMBERED:
            self._verified.clear()
        self._verified[header] = presented.public_id
        return presented.public_id
