"""The desk of the demo as its officers reach it: the API over HTTP, one request after another."""

from __future__ import annotations

import http.client
import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from proxy.demo.agency import OFFICER_PASSWORD
from proxy.demo.processes import HOST
from proxy.errors import FengcunError

_ANSWER_SECONDS_MAX = 60.0
_PREFIX = "/api/v1"

Json = Mapping[str, object]


class CounterFailed(FengcunError):
    """The desk did not answer, or not in its way."""

    label = "demo"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a body in JSON."""

    status: int
    body: Json

    def word(self, name: str) -> str:
        """A field, empty where it has none."""
        value = self.body.get(name)
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class Counter:
    """``port`` is the desk's. All methods raise `CounterFailed`."""

    port: int

    def post(self, officer: str, path: str, body: Json | None = None) -> Answer:
        """One request of an officer below /api/v1, whatever comes of it."""
        status, content = self._ask("POST", officer, path, json.dumps(body or {}).encode())
        try:
            answer = json.loads(content)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise CounterFailed(f"the desk answered {path} with status {status} and no JSON")
        return Answer(status, answer)

    def get(self, officer: str, path: str) -> bytes:
        """A paper: a certificate as PDF, a decision as text."""
        status, content = self._ask("GET", officer, path, None)
        if status != http.client.OK:
            raise CounterFailed(f"the desk answered {path} with status {status}")
        return content

    def _ask(self, method: str, officer: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        credentials = b64encode(f"{officer}:{OFFICER_PASSWORD}".encode()).decode()
        headers = {"Authorization": f"Basic {credentials}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection(HOST, self.port, timeout=_ANSWER_SECONDS_MAX)
        try:
            connection.request(method, _PREFIX + path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise CounterFailed(f"the desk does not answer ({type(error).__name__})") from None
        finally:
            connection.close()
