"""A client answers the database itself and the proxy only passes it on; or the proxy answers for
it, and nobody is let in by a database that has not shown that it knows the password, too."""

import gc
import struct
import weakref

import pytest

from proxy.session.commands import End, ToClient, ToServer
from proxy.session.login import ProvenLogin, RelayedLogin
from proxy.session.opening import Opening
from proxy.wire.postgres import backend, frontend
from proxy.wire.postgres.backend import decode_fields, encode_authentication, encode_mechanisms
from proxy.wire.postgres.scram import SCRAM, SCRAM_PLUS, ScramClient, ScramServer
from tests.unit.proxy.session.playbook import answer
from tests.unit.proxy.wire.postgres.test_scram import BINDING, PENCIL, PROVEN

SECRET = bytes(reversed(range(256)))
OK = encode_authentication(backend.AUTHENTICATION_OK)
BOTH = encode_mechanisms([SCRAM_PLUS, SCRAM])
CONTINUE, FINAL = backend.AUTHENTICATION_SASL_CONTINUE, backend.AUTHENTICATION_SASL_FINAL


def to(kind, commands):
    return b"".join(command.data for command in commands if type(command) is kind)


@pytest.fixture
def relayed():
    return Opening(SECRET, RelayedLogin())


@pytest.mark.parametrize("kind", [2, 3, 5, 7, 8, 9, 10, 11, 12, 13, 14, 77])
def test_a_method_that_nobody_here_has_heard_of_passes_both_ways(relayed, kind):
    """Servers that came of PostgreSQL 9.2 ask by SHA-256 and SM3 under numbers of their own, and
    under that of SASL among them."""
    asked = answer("R", struct.pack(">i", kind) + b"\0\0\0\2" + b"0f" * 36 + b"\0\0\x27\x10")
    said = answer("p", b"h1\0y,,\xff")
    assert to(ToClient, relayed.from_server(asked)) == asked
    assert to(ToServer, relayed.from_client(said)) == said
    assert to(ToClient, relayed.from_server(OK)) == OK


def test_channel_binding_is_not_offered_where_it_cannot_be_had(relayed):
    assert to(ToClient, relayed.from_server(BOTH)) == encode_mechanisms([SCRAM])


def test_another_offer_passes_as_it_is(relayed):
    offer = encode_mechanisms([SCRAM, b"OAUTHBEARER"])
    assert to(ToClient, relayed.from_server(offer)) == offer


def test_a_client_that_would_be_refused_for_that_is_told_what_to_do(relayed):
    relayed.from_server(BOTH)
    (end,) = relayed.from_client(frontend.encode_sasl_initial(SCRAM, b"y,,n=,r=nonce"))
    said = decode_fields(end.farewell)["M"]
    assert b"channel_binding=disable" in said
    assert b'auth = "scram"' in said


def test_a_database_that_wants_nothing_else_is_not_pretended_to(relayed):
    (end,) = relayed.from_server(encode_mechanisms([SCRAM_PLUS]))
    assert decode_fields(end.farewell)["C"] == b"28000"


@pytest.mark.parametrize("flag", [b"n", b"y"])
def test_a_client_that_could_bind_passes_where_nobody_offers_it(relayed, flag):
    relayed.from_server(encode_mechanisms([SCRAM]))
    first = frontend.encode_sasl_initial(SCRAM, flag + b",,n=,r=nonce")
    assert to(ToServer, relayed.from_client(first)) == first


def test_only_the_flag_counts_and_not_what_looks_like_it(relayed):
    relayed.from_server(BOTH)
    for said in (
        frontend.encode_sasl_initial(SCRAM, b"n,,n=y,r=nonce"),
        frontend.encode_sasl(b"y,,c=biws"),
    ):
        assert to(ToServer, relayed.from_client(said)) == said


class Played:
    """A database that knows the verifier, and a proxy that has to convince it."""

    def __init__(self, theirs=None, ours=None):
        self.server = ScramServer(PENCIL, b"server", theirs)
        login = ProvenLogin(ScramClient(PROVEN, b"client", ours), b"v=for the client")
        self.opening = Opening(SECRET, login)

    def ask(self, kind, body):
        return self.opening.from_server(encode_authentication(kind, body))

    def challenge(self):
        commands = self.opening.from_server(encode_mechanisms(self.server.mechanisms))
        said = frontend.decode_sasl_initial(to(ToServer, commands))
        proof = to(ToServer, self.ask(CONTINUE, self.server.first(*said)))
        return self.server.final(proof[5:])


@pytest.mark.parametrize("binding", [None, BINDING], ids=["clear", "bound"])
def test_the_proxy_logs_in_for_a_client_that_has_proven_itself(binding):
    played = Played(binding, binding)
    proven = played.challenge()
    assert played.ask(FINAL, proven.server_final) == []
    told = to(ToClient, played.opening.from_server(OK))
    assert told == encode_authentication(FINAL, b"v=for the client") + OK


def test_what_was_proven_is_forgotten_once_it_has_served():
    played = Played()
    scram = weakref.ref(played.opening._login._scram)
    played.ask(FINAL, played.challenge().server_final)
    assert scram() is not None
    played.opening.from_server(OK)
    gc.collect()
    assert scram() is None


def test_a_database_that_asks_nothing_lets_in():
    assert to(ToClient, Played().opening.from_server(OK)).endswith(OK)


def test_a_database_that_lets_in_without_knowing_the_password_is_not_believed():
    played = Played()
    played.challenge()
    commands = played.opening.from_server(OK)
    assert to(ToClient, commands) == b""
    assert isinstance(commands[-1], End)


def test_a_database_with_a_wrong_signature_is_not_believed():
    played = Played()
    played.challenge()
    assert isinstance(played.ask(FINAL, b"v=" + b"A" * 43 + b"=")[-1], End)


@pytest.mark.parametrize(("kind", "body"), [(3, b""), (5, b"salt"), (10, b"\0\0\0\2"), (99, b"")])
def test_what_only_the_client_could_answer_is_said_to_be_so(kind, body):
    (end,) = Played().ask(kind, body)
    assert b"SCRAM-SHA-256" in decode_fields(end.farewell)["M"]


def test_a_database_that_asks_twice_gets_one_answer():
    played = Played()
    played.challenge()
    assert isinstance(played.opening.from_server(BOTH)[-1], End)


def test_a_database_with_another_password_is_told_of_to_the_client():
    played = Played()
    played.opening.from_server(encode_mechanisms([SCRAM]))
    (end,) = played.ask(CONTINUE, b"r=clientserver,s=c2FsdA==,i=4096")
    assert decode_fields(end.farewell)["C"] == b"28P01"


def test_a_client_has_nothing_more_to_say():
    commands = Played().opening.from_client(answer("p", b"again\0"))
    assert isinstance(commands[-1], End)


def test_what_the_database_refuses_is_said_in_its_own_words():
    refusal = backend.encode_fields({"S": b"FATAL", "C": b"28000", "M": b"not permitted"})
    assert to(ToClient, Played().opening.from_server(refusal)) == refusal
