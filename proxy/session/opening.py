"""From the StartupMessage to the first ReadyForQuery: the database judges who may enter, and the
session learns what its statements will be judged by. Events in, commands out.
"""

from __future__ import annotations

import json
from enum import Enum, auto
from typing import Final

from proxy.errors import FengcunError, ProtocolViolation, UpstreamUnavailable
from proxy.policy.law import Principal
from proxy.result.scrub import sqlstate_of
from proxy.session.commands import Command, End, ToClient, ToServer
from proxy.session.login import Login, RelayedLogin
from proxy.session.refusals import encode_fatal
from proxy.session.session import Opened
from proxy.wire.postgres import backend, frontend
from proxy.wire.postgres.backend import TransactionStatus
from proxy.wire.postgres.encoding import DATABASE_ENCODING, codec_of, decode_exactly
from proxy.wire.postgres.framer import Frame, Framer
from proxy.wire.postgres.parameters import PINS

_PASSWORD_BYTES_MAX: Final = 65_536
_MESSAGE_BYTES_MAX: Final = 65_536
_EARLY_BYTES_MAX: Final = 65_536
_PROCESS_ID_BYTES: Final = 4
_KEY_BYTES_MIN: Final = _PROCESS_ID_BYTES + 4

_SERVER_TAGS: Final = dict.fromkeys(
    (
        backend.AUTHENTICATION,
        backend.BACKEND_KEY_DATA,
        backend.COMMAND_COMPLETE,
        backend.DATA_ROW,
        backend.ERROR,
        backend.NEGOTIATE_VERSION,
        backend.NOTICE,
        backend.PARAMETER_STATUS,
        backend.READY,
        backend.ROW_DESCRIPTION,
    ),
    _MESSAGE_BYTES_MAX,
)

# Asked once, before the client may speak. Everything is schema-qualified: search_path is the
# client's already. The pins come back to be compared, because a role may not be able to set them.
QUESTION: Final = (
    "SELECT pg_catalog.array_to_json(pg_catalog.current_schemas(true)), current_user"
    + "".join(f", pg_catalog.current_setting('{name}')" for name in PINS)
).encode("ascii")


class Unsupported(FengcunError):
    """The session has a setting under which its statements cannot be judged."""

    sqlstate = "0A000"
    label = "unsupported-session"


class _Phase(Enum):
    AUTHENTICATING = auto()
    STARTING = auto()
    LEARNING = auto()
    OPEN = auto()


class Opening:
    """Feed both sides; once `open`, the database has let the client in and `opened` tells the rest.

    `server_key` is the server's BackendKeyData body. The client gets one with the server's process
    id, which drivers show and compare with what pg_backend_pid() says, and with `secret`, cut to
    the server's length, in the place of its secret. The last message for the client, its
    ReadyForQuery, is kept back in `ready` until somebody has decided that the session may begin.
    `login` answers the database until it lets the client in. `asked_codec` is that of the encoding
    the client asked for; ASCII is in all. `unsealed`: nothing is sealed, so whatever the session's
    settings are, it is served. Where the opening fails, `failure` says why if that was ours to say,
    and `refusal` is the SQLSTATE of the database's own error.
    """

    def __init__(
        self,
        secret: bytes,
        login: Login,
        asked_codec: str = "ascii",
        *,
        unsealed: bool = False,
    ) -> None:
        self.unsealed = unsealed
        self.server_key: bytes | None = None
        self.failure: FengcunError | None = None
        self.refusal: str | None = None
        self.ready = b""
        self._answer: tuple[bytes | None, ...] | None = None
        self._secret = secret
        self._phase = _Phase.AUTHENTICATING
        self._codec: str | None = None
        self._asked_codec = asked_codec
        self._database_encoding = ""
        self._codec_name = ""
        self._login = login
        self._from_client = Framer({frontend.PASSWORD: _PASSWORD_BYTES_MAX})
        self._from_server = Framer(_SERVER_TAGS)
        self._early = bytearray()
        self._commands: list[Command] = []

    @property
    def open(self) -> bool:
        """The server is ready and everything was learnt."""
        return self._phase is _Phase.OPEN

    @property
    def codec(self) -> str:
        """The codec of the client_encoding, as far as it is known and served."""
        return self._codec or self._asked_codec

    @property
    def issued_key(self) -> bytes:
        """The BackendKeyData body that the client was given."""
        assert self.server_key is not None
        secret_bytes = len(self.server_key) - _PROCESS_ID_BYTES
        return self.server_key[:_PROCESS_ID_BYTES] + self._secret[:secret_bytes]

    def from_client(self, data: bytes) -> list[Command]:
        """The client sent `data`: its part of the authentication, or too early something else."""
        try:
            if self._phase is _Phase.AUTHENTICATING:
                self._from_client.feed(data)
                while (frame := self._from_client.take()) is not None:
                    self._commands.append(self._login.said(frame.raw))
            else:
                self._early += data
                if len(self._early) > _EARLY_BYTES_MAX:
                    raise Unsupported("wait for ReadyForQuery before sending that much")
        except FengcunError as error:
            return self._end(error)
        return self._taken()

    def from_server(self, data: bytes) -> list[Command]:
        """The database sent `data`."""
        try:
            self._from_server.feed(data)
            while (frame := self._from_server.take()) is not None:
                if self._phase is _Phase.LEARNING:
                    self._learn(frame)
                else:
                    self._follow(frame)
        except FengcunError as error:
            return self._end(_broken() if isinstance(error, ProtocolViolation) else error)
        return self._taken()

    def opened(self, principal: Principal) -> Opened:
        """What the session begins with. Raises `Unsupported`."""
        if self.unsealed:
            return Opened(principal, "", (), self.codec, bytes(self._early), unsealed=True)
        if self._database_encoding != DATABASE_ENCODING:
            found = self._database_encoding or "unknown"
            raise Unsupported(f"the database's encoding is {found}: {DATABASE_ENCODING} is served")
        if self._answer is None or self._codec is None:
            raise Unsupported(f"client_encoding {self._codec_name} is not supported here")
        path, user, *pins = map(self._read, self._answer)
        for (name, pinned), found in zip(PINS.items(), pins, strict=True):
            if found != pinned:
                raise Unsupported(f"{name} must be {pinned} for this user and database")
        return Opened(principal, user, tuple(json.loads(path)), self._codec, bytes(self._early))

    def _follow(self, frame: Frame) -> None:
        raw = frame.raw
        match frame.tag:
            case backend.AUTHENTICATION:
                self._commands += self._authentication(raw)
                return
            case backend.BACKEND_KEY_DATA:
                self.server_key = raw[5:]
                if len(self.server_key) < _KEY_BYTES_MIN:
                    raise _broken()
                raw = backend.encode_message(backend.BACKEND_KEY_DATA, self.issued_key)
            case backend.PARAMETER_STATUS:
                self._parameter(raw)
            case backend.READY:
                idle = backend.decode_ready(raw) is TransactionStatus.IDLE
                if not idle or self._phase is not _Phase.STARTING:
                    raise _broken()
                self.ready = raw
                self._phase = _Phase.LEARNING
                self._commands.append(ToServer(frontend.encode_query(QUESTION)))
                return
            case backend.ERROR:
                self.refusal = sqlstate_of(raw)
            case backend.NOTICE | backend.NEGOTIATE_VERSION:
                pass
            case _:
                raise _broken()
        self._commands.append(ToClient(raw))

    def _learn(self, frame: Frame) -> None:
        match frame.tag:
            case backend.DATA_ROW if self._answer is None:
                self._answer = backend.decode_data_row(frame.raw)
                if len(self._answer) != 2 + len(PINS):
                    raise _broken()
            case backend.READY if self._answer is not None:
                self._phase = _Phase.OPEN
            case backend.PARAMETER_STATUS:
                self._parameter(frame.raw)
                self._commands.append(ToClient(frame.raw))
            case backend.ROW_DESCRIPTION | backend.COMMAND_COMPLETE | backend.NOTICE:
                pass
            case backend.ERROR:
                raise UpstreamUnavailable("the database did not tell the state of the session")
            case _:
                raise _broken()

    def _authentication(self, raw: bytes) -> list[Command]:
        if self._phase is not _Phase.AUTHENTICATING:
            raise _broken()
        kind, _ = backend.decode_authentication(raw)
        if kind != backend.AUTHENTICATION_OK:
            return self._login.asked(raw)
        self._phase = _Phase.STARTING
        self._early += self._from_client.rest()
        told = self._login.admitted(raw)
        self._login = RelayedLogin()  # what the other one knew is needed no longer
        return [told]

    def _parameter(self, raw: bytes) -> None:
        name, value = backend.decode_parameter_status(raw)
        if name == b"client_encoding":
            self._codec_name = value.decode("ascii", "replace")
            self._codec = codec_of(self._codec_name)
        elif name == b"server_encoding":
            self._database_encoding = value.decode("ascii", "replace")

    def _read(self, column: bytes | None) -> str:
        text = decode_exactly(column or b"", self.codec)
        if text is None:
            raise Unsupported("names in search_path do not fit client_encoding")
        return text

    def _taken(self) -> list[Command]:
        commands, self._commands = self._commands, []
        return commands

    def _end(self, error: FengcunError) -> list[Command]:
        self.failure = error
        return [*self._taken(), End(encode_fatal(error, self.codec))]


def _broken() -> UpstreamUnavailable:
    return UpstreamUnavailable("the database broke its protocol while opening the session")
