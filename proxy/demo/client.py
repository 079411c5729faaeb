"""An application of the agency: a login, a port, and what comes back."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import psycopg

from proxy.demo.database import DATABASE, PASSWORD
from proxy.demo.processes import HOST
from proxy.demo.scene import Refusal, Rows


class Client:
    """A connection in autocommit mode; statements go by the simple protocol, literals inlined."""

    def __init__(self, user: str, port: int) -> None:
        self.user = user
        self._connection = psycopg.connect(
            host=HOST, port=port, user=user, password=PASSWORD, dbname=DATABASE, autocommit=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connection.close()

    def ask(self, text: str) -> Rows | Refusal:
        """Run one statement."""
        try:
            cursor = self._connection.execute(text.encode())
        except psycopg.Error as error:
            if error.sqlstate is None:
                raise
            diagnosis = error.diag
            return Refusal(
                error.sqlstate,
                diagnosis.message_primary or "",
                diagnosis.message_detail or "",
                diagnosis.message_hint or "",
            )
        columns = tuple(column.name for column in cursor.description or ())
        rows = cursor.fetchall() if cursor.description else []
        return Rows(
            columns,
            tuple(tuple(None if v is None else str(v) for v in row) for row in rows),
            cursor.statusmessage or "",
        )
