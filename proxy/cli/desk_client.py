"""What `fengcun permit` asks of a desk over HTTP, as one officer."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import ssl
import sys
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from ledger.errors import ConfigurationError as LedgerConfigurationError
from ledger.keyfile import passphrase_from
from proxy.errors import ConfigurationError, FengcunError
from proxy.settings.section import stays_here

DEFAULT_URL: Final = "http://127.0.0.1:8432"
URL_VARIABLE: Final = "FENGCUN_DESK_URL"
OFFICER_VARIABLE: Final = "FENGCUN_OFFICER"
PASSWORD_FILE_VARIABLE: Final = "FENGCUN_OFFICER_PASSWORD_FILE"  # noqa: S105
_ANSWER_SECONDS_MAX: Final = 60.0
_ANSWER_BYTES_MAX: Final = 8 << 20
_SOCKET: Final = "unix:"
_NO_URL: Final = ConfigurationError("--url: expected https://HOST:PORT, or unix:/PATH")

Json = dict[str, object]


class DeskRefused(FengcunError):
    """What the desk answered instead; exit code 1."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the desk is, and whose signature its certificate must have."""

    url: str
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A body, as it came."""

    content: bytes
    is_json: bool

    def json(self) -> Json:
        """Raises `DeskRefused` for what is no object."""
        try:
            found = json.loads(self.content)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise DeskRefused("the desk's answer is not understood: is this its address?")
        return found


def ask(place: Place, method: str, path: str, body: bytes | None = None) -> Answer:
    """One request below /api/v1. Raises `ConfigurationError` and `DeskRefused`."""
    way = _way(place)
    officer, password = _officer()
    credentials = b64encode(f"{officer}:{password}".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    return asyncio.run(_asked(way, method, f"/api/v1{path}", headers, body))


async def _asked(
    way: _Way, method: str, path: str, headers: dict[str, str], body: bytes | None
) -> Answer:
    # Here, so that other commands start without it.
    import aiohttp

    connector = (
        aiohttp.UnixConnector(way.socket)
        if way.socket is not None
        else aiohttp.TCPConnector(ssl=way.context)
    )
    try:
        async with (
            aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=_ANSWER_SECONDS_MAX),
                cookie_jar=aiohttp.DummyCookieJar(),
            ) as session,
            # Where it sends us on is not where the password may go.
            session.request(
                method, way.url + path, headers=headers, data=body, allow_redirects=False
            ) as response,
        ):
            content = await response.content.read(_ANSWER_BYTES_MAX)
            while len(content) < _ANSWER_BYTES_MAX and not response.content.at_eof():
                content += await response.content.read(_ANSWER_BYTES_MAX - len(content))
            status, kind = response.status, response.content_type
    except (aiohttp.ClientError, TimeoutError, OSError, ssl.SSLError) as error:
        raise DeskRefused(
            f"the desk at {way.socket or way.url} does not answer ({type(error).__name__}):"
            " check --url, --ca-file and [desk] of the service"
        ) from None
    answer = Answer(content, kind.endswith("json"))
    if status >= 300:
        raise DeskRefused(_why(answer, status))
    return answer


def _why(answer: Answer, status: int) -> str:
    if not answer.is_json:
        return f"the desk answered with status {status}: is this its address?"
    problem = answer.json()
    text = f"{problem.get('title_zh')} / {problem.get('title')} ({problem.get('code')})"
    fields = problem.get("fields")
    for each in fields if isinstance(fields, list) else []:
        text += f"\n  {each.get('field')}: {each.get('message_zh')} / {each.get('message')}"
    return text


@dataclass(frozen=True, slots=True)
class _Way:
    url: str
    socket: str | None = None
    context: ssl.SSLContext | bool = True


def _way(place: Place) -> _Way:
    if place.url.startswith(_SOCKET):
        return _Way("http://desk", place.url.removeprefix(_SOCKET))
    host, encrypted = _host(place.url)
    if not encrypted and not stays_here(host):
        raise ConfigurationError("--url: a password goes to another machine over https only")
    try:
        context = ssl.create_default_context(cafile=place.ca_file)
    except (OSError, ssl.SSLError):
        raise ConfigurationError(f"--ca-file: {place.ca_file} holds no certificates") from None
    return _Way(place.url.rstrip("/"), context=context)


def _host(url: str) -> tuple[str, bool]:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise _NO_URL from None
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        raise _NO_URL
    return host, parts.scheme == "https"


def _officer() -> tuple[str, str]:
    """Name and password; neither is ever an argument."""
    name = os.environ.get(OFFICER_VARIABLE, "")
    file = os.environ.get(PASSWORD_FILE_VARIABLE)
    if (not name or file is None) and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ConfigurationError(
            f"there is no terminal to ask at: set {OFFICER_VARIABLE}, and name the password's file"
            f" (or /dev/fd/3) in {PASSWORD_FILE_VARIABLE}"
        )
    try:
        if not name:
            sys.stderr.write("姓名 / officer: ")
            sys.stderr.flush()
            name = sys.stdin.readline().strip()
        if file is not None:
            return name, passphrase_from(Path(file)).decode()
        return name, getpass.getpass("口令 / password: ")
    except LedgerConfigurationError as error:
        raise ConfigurationError(str(error)) from None
    except (OSError, EOFError, KeyboardInterrupt):
        raise ConfigurationError("no password was given") from None
