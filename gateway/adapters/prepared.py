"""A statement that is prepared once on a PostgreSQL connection and run below the driver's cursors.

The ledger writer runs two statements for every batch, and a cursor costs as much as the smaller of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import errors
from psycopg.pq import ExecStatus

DONE = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)


class Prepared:
    """One statement on one connection; its parameters are `$1`, `$2` and so on, those in `binary` raw bytes.

    The connection must not prepare statements of its own: the driver drops all when a transaction is rolled back.
    """

    def __init__(self, link: Any, name: str, statement: str, *, binary: Sequence[bool] = ()) -> None:
        self._pgconn = link.pgconn
        self._name = name.encode()
        self._formats = [int(one) for one in binary] or None
        _checked(self._pgconn.prepare(self._name, statement.encode()))

    def run(self, values: Sequence[bytes | None] = ()) -> Any:
        """The result, whose values are bytes in text form. Raises psycopg.Error.

        Text must not hold NUL, at which PostgreSQL's library would cut it off.
        """
        return _checked(self._pgconn.exec_prepared(self._name, values, self._formats))


def _checked(result: Any) -> Any:
    if result.status not in DONE:
        raise errors.error_from_result(result)
    return result
