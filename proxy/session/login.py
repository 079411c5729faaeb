"""Who answers the database's questions before it lets a client in: the client itself, by relay, or
the proxy, for a client that has proven itself to the proxy already. Events in, commands out."""

from __future__ import annotations

from typing import Final, Protocol

from proxy.errors import FengcunError, ProtocolViolation, UpstreamUnavailable
from proxy.session.commands import Command, ToClient, ToServer
from proxy.wire.postgres import backend, frontend
from proxy.wire.postgres.scram import SCRAM_PLUS, ScramClient

# gs2-cbind-flag of RFC 5802: the client could bind and believes that the server cannot. It stands
# in front of the message, and is part of what the client signs: nobody on the way can change it.
_COULD_BIND: Final = b"y,"


class CannotBind(FengcunError):
    """The client insists on finding out about channel binding; the database would refuse it."""

    sqlstate = "28000"
    label = "channel-binding"


class OtherMethod(FengcunError):
    """The database asks for what only the client itself could answer."""

    sqlstate = "28000"
    label = "other-method"


class Login(Protocol):
    """The part of an opening up to AuthenticationOk."""

    def asked(self, raw: bytes) -> list[Command]:
        """The database sent an Authentication message that is not the Ok."""

    def said(self, raw: bytes) -> Command:
        """The client sent a message of the type for passwords."""

    def admitted(self, raw: bytes) -> Command:
        """The database sent AuthenticationOk."""


class RelayedLogin:
    """Everything passes as it is, methods nobody here has heard of included, and the proxy holds
    no password. Only the offer of SCRAM-SHA-256-PLUS is taken out: channel binding ties a login to
    one TLS connection, and here there are two.

    The database makes that offer over TLS only. There it refuses a client that says it could bind,
    and has to: to the database it looks as if somebody had taken its offer away, as somebody has.
    """

    def __init__(self) -> None:
        self._withdrawn = False

    def asked(self, raw: bytes) -> list[Command]:
        kind, body = backend.decode_authentication(raw)
        offered = None
        if kind == backend.AUTHENTICATION_SASL:
            offered = backend.decode_mechanisms(body)
        if offered is None or SCRAM_PLUS not in offered:
            return [ToClient(raw)]
        self._withdrawn = True
        kept = tuple(name for name in offered if name != SCRAM_PLUS)
        if not kept:
            raise _cannot_bind()
        return [ToClient(backend.encode_mechanisms(kept))]

    def said(self, raw: bytes) -> Command:
        if self._withdrawn:
            self._withdrawn = False  # only the first answer names a mechanism
            _, message = frontend.decode_sasl_initial(raw)
            if message.startswith(_COULD_BIND):
                raise _cannot_bind()
        return ToServer(raw)

    def admitted(self, raw: bytes) -> Command:
        return ToClient(raw)


class ProvenLogin:
    """The proxy logs in with what the client has shown to know; the client hears that it is let in
    only once the database has let it in, and has shown to know the verifier, too."""

    def __init__(self, scram: ScramClient, server_final: bytes) -> None:
        self._scram = scram
        self._server_final = server_final
        self._asked = False

    def asked(self, raw: bytes) -> list[Command]:
        kind, body = backend.decode_authentication(raw)
        match kind:
            case backend.AUTHENTICATION_SASL if not self._asked:
                offered = backend.decode_mechanisms(body)
                if offered is None:
                    raise _other_method()
                self._asked = True
                return [ToServer(frontend.encode_sasl_initial(*self._scram.first(offered)))]
            case backend.AUTHENTICATION_SASL_CONTINUE:
                return [ToServer(frontend.encode_sasl(self._scram.final(body)))]
            case backend.AUTHENTICATION_SASL_FINAL:
                self._scram.verify(body)
                return []
            case _:
                raise _other_method()

    def said(self, raw: bytes) -> Command:
        raise ProtocolViolation("the login is over: wait for its result")

    def admitted(self, raw: bytes) -> Command:
        if self._asked and not self._scram.verified:
            raise UpstreamUnavailable("the database let somebody in without knowing the password")
        kind = backend.AUTHENTICATION_SASL_FINAL
        return ToClient(backend.encode_authentication(kind, self._server_final) + raw)


def _cannot_bind() -> CannotBind:
    return CannotBind(
        "channel binding cannot pass through the proxy: add channel_binding=disable to the"
        ' connection string, or set auth = "scram" in the proxy'
    )


def _other_method() -> OtherMethod:
    return OtherMethod(
        "the database asks this user for something else than SCRAM-SHA-256: the proxy can only log"
        ' in with that while it has auth = "scram"'
    )
