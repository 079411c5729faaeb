"""The vectors of RFC 7677, both sides against each other, and nobody in without the password."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import FengcunError, ProtocolViolation, UpstreamUnavailable
from proxy.wire.postgres.scram import (
    SCRAM,
    SCRAM_PLUS,
    NotBound,
    OtherVerifier,
    Proven,
    ScramClient,
    ScramServer,
    Verifier,
    WrongProof,
    mock_verifier,
    parse_verifier,
)

# RFC 7677, section 3.
NONCES = b"rOprNGfwEbeRWgbNEkqO", b"%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
BARE = b"n=user,r=" + NONCES[0]
SERVER_FIRST = b"r=" + b"".join(NONCES) + b",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
WITHOUT_PROOF = b"c=biws,r=" + b"".join(NONCES)
CLIENT_FINAL = WITHOUT_PROOF + b",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
SERVER_FINAL = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
SALT = base64.b64decode(b"W22ZaJ0SNY7soEsUEjb6gQ==")
BINDING = b"b" * 32


def keys(password, salt=SALT, iterations=4096):
    salted = hashlib.pbkdf2_hmac("sha256", password, salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    return client_key, Verifier(iterations, salt, stored_key, server_key)


CLIENT_KEY, PENCIL = keys(b"pencil")
PROVEN = Proven(PENCIL, CLIENT_KEY, b"")


def written(verifier):
    salt, stored, server = (
        base64.b64encode(part).decode()
        for part in (verifier.salt, verifier.stored_key, verifier.server_key)
    )
    return f"SCRAM-SHA-256${verifier.iterations}:{salt}${stored}:{server}"


def test_the_servers_side_of_the_vectors():
    server = ScramServer(PENCIL, NONCES[1], None)
    assert server.first(SCRAM, b"n,," + BARE) == SERVER_FIRST
    proven = server.final(CLIENT_FINAL)
    assert (proven.client_key, proven.server_final) == (CLIENT_KEY, SERVER_FINAL)


def test_the_clients_side_of_the_vectors_but_for_the_name():
    """PostgreSQL takes the name of the startup packet, so the one in the exchange stays empty."""
    client = ScramClient(PROVEN, NONCES[0], None)
    assert client.first((SCRAM,)) == (SCRAM, b"n,,n=,r=" + NONCES[0])
    final = client.final(SERVER_FIRST)
    assert final.startswith(WITHOUT_PROOF + b",p=")
    server = ScramServer(PENCIL, NONCES[1], None)
    assert server.first(SCRAM, b"n,,n=,r=" + NONCES[0]) == SERVER_FIRST
    client.verify(server.final(final).server_final)
    assert client.verified


@pytest.mark.parametrize(
    ("theirs", "ours", "mechanism", "flag"),
    [
        (BINDING, BINDING, SCRAM_PLUS, b"p=tls-server-end-point"),
        (None, None, SCRAM, b"n"),
        (None, BINDING, SCRAM, b"y"),
        (BINDING, None, SCRAM, b"n"),
    ],
)
def test_both_sides_agree_on_the_best_that_both_have(theirs, ours, mechanism, flag):
    server = ScramServer(PENCIL, b"server", theirs)
    client = ScramClient(PROVEN, b"client", ours)
    chosen, first = client.first(server.mechanisms)
    assert chosen == mechanism
    assert first.startswith(flag + b",,")
    proven = server.final(client.final(server.first(chosen, first)))
    client.verify(proven.server_final)
    assert proven.client_key == CLIENT_KEY


def test_another_connection_is_noticed():
    server = ScramServer(PENCIL, b"server", BINDING)
    client = ScramClient(PROVEN, b"client", b"x" * 32)
    challenge = server.first(*client.first(server.mechanisms))
    with pytest.raises(NotBound):
        server.final(client.final(challenge))


def test_an_offer_that_was_taken_away_is_noticed():
    server = ScramServer(PENCIL, b"server", BINDING)
    with pytest.raises(NotBound):
        server.first(*ScramClient(PROVEN, b"client", BINDING).first((SCRAM,)))


def test_a_wrong_password_and_no_user_are_told_the_same():
    wrong = Proven(PENCIL, keys(b"pen")[0], b"")
    mock = mock_verifier(b"secret", "nobody", 4096)
    told = set()
    for verifier in (PENCIL, mock):
        server = ScramServer(verifier, b"server", None)
        client = ScramClient(Proven(verifier, wrong.client_key, b""), b"client", None)
        challenge = server.first(*client.first(server.mechanisms))
        with pytest.raises(WrongProof) as refused:
            server.final(client.final(challenge))
        told.add((str(refused.value), len(challenge)))
    assert len(told) == 1


def test_a_mock_lets_nobody_in_even_if_its_key_were_known():
    _, verifier = keys(b"pencil")
    mock = Verifier(4096, SALT, verifier.stored_key, verifier.server_key, genuine=False)
    server = ScramServer(mock, NONCES[1], None)
    server.first(SCRAM, b"n,," + BARE)
    with pytest.raises(WrongProof):
        server.final(CLIENT_FINAL)


def test_a_mock_is_the_same_each_time_and_another_for_everybody():
    assert mock_verifier(b"s", "a", 4096) == mock_verifier(b"s", "a", 4096)
    salts = {mock_verifier(secret, user, 4096).salt for secret in (b"s", b"t") for user in "ab"}
    assert len(salts) == 4
    assert {len(salt) for salt in salts} == {16}


def test_a_proof_is_good_once():
    """For another nonce the same proof is wrong: nothing seen on the wire can be sent again."""
    server = ScramServer(PENCIL, b"another", None)
    server.first(SCRAM, b"n,," + BARE)
    with pytest.raises(ProtocolViolation):
        server.final(CLIENT_FINAL)
    again = CLIENT_FINAL.replace(NONCES[1], b"another")
    with pytest.raises(WrongProof):
        server.final(again)


@pytest.mark.parametrize(
    ("mechanism", "message"),
    [
        (b"SCRAM-SHA-1", b"n,," + BARE),
        (b"", b"n,," + BARE),
        (SCRAM_PLUS, b"n,," + BARE),
        (SCRAM_PLUS, b"y,," + BARE),
        (SCRAM, b"p=tls-server-end-point,," + BARE),
        (SCRAM_PLUS, b"p=tls-unique,," + BARE),
        (SCRAM, b"n,a=admin," + BARE),
        (SCRAM, b"x,," + BARE),
        (SCRAM, b"n,,m=ext," + BARE),
        (SCRAM, b"n,,n=user"),
        (SCRAM, b"n,,n=user,r="),
        (SCRAM, b"n,,n=user,r=a b"),
        (SCRAM, b"n,,n=us\0er,r=a"),
        (SCRAM, b"n,,n=user,r=a\n"),
        (SCRAM, b"n," + BARE),
        (SCRAM, b""),
    ],
)
def test_a_first_message_that_is_out_of_order_is_refused(mechanism, message):
    with pytest.raises(ProtocolViolation):
        ScramServer(PENCIL, b"server", BINDING).first(mechanism, message)


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.replace(b"c=biws", b"c=eSws"),
        lambda m: m.replace(b"c=biws", b"c="),
        lambda m: m.replace(b",r=r", b",r=x"),
        lambda m: m.replace(NONCES[1], b""),
        lambda m: m[:-1],
        lambda m: m + b",x=y",
        lambda m: m.replace(b",p=d", b",p=,p=d"),
        lambda m: m.replace(b",p=d", b",m=1,p=d"),
        lambda m: m.replace(b",p=d", b",x=1,p=d"),
        lambda m: m.replace(b"p=d", b"p=e"),
        lambda m: m + b"\n",
        lambda _: b"",
    ],
)
def test_a_final_message_that_was_changed_is_refused(change):
    server = ScramServer(PENCIL, NONCES[1], None)
    server.first(SCRAM, b"n,," + BARE)
    with pytest.raises((ProtocolViolation, NotBound, WrongProof)):
        server.final(change(CLIENT_FINAL))


def test_a_final_message_comes_second():
    with pytest.raises(ProtocolViolation):
        ScramServer(PENCIL, NONCES[1], None).final(CLIENT_FINAL)


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (SERVER_FIRST.replace(b"4096", b"4095"), OtherVerifier),
        (SERVER_FIRST.replace(b"s=W", b"s=X"), OtherVerifier),
        (SERVER_FIRST.replace(b"r=r", b"r=s"), UpstreamUnavailable),
        (SERVER_FIRST.replace(NONCES[1], b""), UpstreamUnavailable),
        (SERVER_FIRST.replace(b"4096", b"0"), UpstreamUnavailable),
        (b"m=1," + SERVER_FIRST, UpstreamUnavailable),
        (b"e=other-error", UpstreamUnavailable),
    ],
)
def test_a_server_that_asks_for_something_else_gets_no_proof(message, error):
    client = ScramClient(PROVEN, NONCES[0], None)
    client.first((SCRAM,))
    with pytest.raises(error):
        client.final(message)


@pytest.mark.parametrize(
    "message", [SERVER_FINAL, b"v=" + b"A" * 43 + b"=", b"e=invalid-proof", b"", b"v="]
)
def test_a_server_that_does_not_know_the_verifier_is_not_believed(message):
    client = ScramClient(PROVEN, NONCES[0], None)
    client.first((SCRAM,))
    client.final(SERVER_FIRST)
    with pytest.raises(UpstreamUnavailable):
        client.verify(message)
    assert not client.verified


def test_a_server_out_of_step_is_not_believed():
    with pytest.raises(UpstreamUnavailable):
        ScramClient(PROVEN, NONCES[0], None).first((b"OAUTHBEARER",))
    with pytest.raises(UpstreamUnavailable):
        ScramClient(PROVEN, NONCES[0], None).final(SERVER_FIRST)
    with pytest.raises(UpstreamUnavailable):
        ScramClient(PROVEN, NONCES[0], None).verify(SERVER_FINAL)
    client = ScramClient(PROVEN, NONCES[0], None)
    client.first((SCRAM,))
    client.final(SERVER_FIRST)
    with pytest.raises(UpstreamUnavailable):
        client.final(SERVER_FIRST)  # a second proof, of another challenge perhaps


def test_a_verifier_is_read_as_the_server_writes_it():
    assert parse_verifier(written(PENCIL)) == PENCIL


@pytest.mark.parametrize(
    "text",
    [
        "",
        "md5" + "0" * 32,
        "pencil",
        written(PENCIL) + "\n",
        written(PENCIL)[:-1],
        written(PENCIL).replace("SHA-256", "SHA-1"),
        written(PENCIL).replace("4096", "0"),
        written(PENCIL).replace("W22Z", "W2"),
    ],
)
def test_what_is_no_verifier_is_not_quoted(text):
    with pytest.raises(ValueError) as refused:
        parse_verifier(text)
    assert str(refused.value) == "not a verifier of SCRAM-SHA-256"


def test_no_key_is_shown():
    shown = repr(PROVEN) + repr(PENCIL) + repr(ScramServer(PENCIL, b"n", None))
    for secret in (CLIENT_KEY, PENCIL.stored_key, PENCIL.server_key):
        assert repr(secret)[2:-1] not in shown


MESSAGES = st.one_of(
    st.binary(max_size=80),
    st.lists(
        st.sampled_from([b"n", b"y", b"p=", b",", b"a=", b"n=", b"r=", b"c=", b"s=", b"i=1", b"v=",
                         b"biws", b"x", b"A" * 43, b"=", *NONCES, b"tls-server-end-point"]),
        max_size=14,
    ).map(b"".join),
)  # fmt: skip


@given(st.sampled_from([SCRAM, SCRAM_PLUS]), MESSAGES, MESSAGES)
def test_hostile_clients_get_errors_and_not_in(mechanism, first, final):
    server = ScramServer(PENCIL, NONCES[1], BINDING)
    with pytest.raises(FengcunError):
        server.first(mechanism, first)
        server.final(final)


@given(MESSAGES, MESSAGES)
def test_hostile_servers_get_errors_and_no_belief(first, final):
    client = ScramClient(PROVEN, NONCES[0], BINDING)
    client.first((SCRAM_PLUS,))
    with pytest.raises(FengcunError):
        client.final(first)
        client.verify(final)


@given(st.text(max_size=120))
def test_hostile_verifiers_are_none(text):
    with pytest.raises(ValueError):
        parse_verifier(text)
