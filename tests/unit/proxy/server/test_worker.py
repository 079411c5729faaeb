"""Who gets in, who does not, what they are told, and how it ends."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from proxy.names import PrincipalName
from proxy.policy.law import Principal, PrincipalKind
from proxy.policy.wording import in_chinese
from proxy.server.worker import InForce, Way, WorkerLimits
from proxy.session.refusals import NO_PRINCIPAL
from proxy.upstream.connect import Upstream
from proxy.wire.postgres.startup import SSL_REQUEST, encode_cancel
from tests.drivers.harness import MarkedPlans, RunningProxy
from tests.drivers.raw import RawClient, query, tags
from tests.unit.proxy.server.certificate import make_certificate
from tests.world import HOST


@pytest.fixture
def database(postgres):
    return postgres.database()


@pytest.fixture
def proxy(database):
    with RunningProxy(database) as running:
        yield running


def refused(proxy, **parameters):
    with RawClient(HOST, proxy.port) as raw:
        messages = raw.start(**parameters)
    assert tags(messages[-1:]) == "E"
    return messages[-1].fields


@pytest.mark.parametrize(
    ("parameters", "sqlstate", "named"),
    [
        ({"user": "postgres", "database": "other"}, "3D000", "database"),
        ({"user": "postgres", "replication": "database"}, "42501", "replication"),
        (
            {"user": "postgres", "standard_conforming_strings": "off"},
            "42501",
            "standard_conforming_strings",
        ),
        ({"user": "postgres", "client_encoding": "EUC_KR"}, "0A000", "EUC_KR"),
        ({"database": "postgres"}, "42501", "user"),
    ],
    ids=["database", "replication", "pin", "encoding", "nobody"],
)
def test_who_may_not_enter_is_told_why(proxy, parameters, sqlstate, named):
    fields = refused(proxy, **parameters)
    assert (fields["S"], fields["C"]) == ("FATAL", sqlstate)
    assert named in fields["M"]


def test_the_path_of_the_startup_packet_is_the_one_that_counts(proxy):
    with RawClient(HOST, proxy.port) as raw:
        raw.start(user="postgres", options="-c search_path=information_schema,public")
        raw.send(query("SELECT 1"))
        raw.until("Z")
    assert proxy.plans.scenes[-1].search_path == ("pg_catalog", "information_schema", "public")


def test_reset_all_does_not_undo_the_pins(proxy):
    with RawClient(HOST, proxy.port) as raw:
        raw.start(user="postgres")
        raw.send(query("RESET ALL; SHOW row_security"))
        assert raw.until("Z")[-3].body.endswith(b"on")


def test_a_stranger_is_recorded_before_being_told(proxy):
    plans = {proxy.database.name: MarkedPlans()}
    proxy.call(lambda: proxy.worker.enforce(InForce(lambda *_: None, plans)))
    fields = refused(proxy, user="postgres")
    assert (fields["S"], fields["C"]) == ("FATAL", "28000")
    assert (fields["H"], fields["D"]) == ("rule no-principal", in_chinese(NO_PRINCIPAL.rule))
    (header,) = proxy.notary.headers("decision")
    assert (header["rule"], header["principal"]) == ("no-principal", "none")


def test_a_stranger_whose_encoding_has_no_chinese_is_told_in_english(proxy):
    plans = {proxy.database.name: MarkedPlans()}
    proxy.call(lambda: proxy.worker.enforce(InForce(lambda *_: None, plans)))
    fields = refused(proxy, user="postgres", client_encoding="LATIN1")
    assert fields["M"] == NO_PRINCIPAL.reason
    assert "D" not in fields


def test_a_policy_that_no_longer_knows_a_client_ends_its_session(proxy):
    plans = {proxy.database.name: MarkedPlans(generation=2)}
    with RawClient(HOST, proxy.port) as raw:
        raw.start(user="postgres")
        proxy.call(lambda: proxy.worker.enforce(InForce(lambda *_: None, plans)))
        (message,) = raw.until("never")
    assert message.fields["C"] == "28000"
    assert message.fields["D"] == in_chinese(NO_PRINCIPAL.rule)


def test_a_policy_that_sees_somebody_else_judges_and_records_accordingly(proxy):
    other = Principal(PrincipalName("other"), PrincipalKind.PLATFORM, ())
    plans = MarkedPlans(generation=2)
    with RawClient(HOST, proxy.port) as raw:
        raw.start(user="postgres")
        in_force = InForce(lambda *_: other, {proxy.database.name: plans})
        proxy.call(lambda: proxy.worker.enforce(in_force))
        raw.send(query("SELECT 1"))
        raw.until("Z")
    assert plans.scenes[-1].principal is other
    assert proxy.notary.headers("decision")[-1]["principal"] == "other"


def test_the_next_client_beyond_the_limit_is_told_so(database):
    with (
        RunningProxy(database, WorkerLimits(connections_max=1)) as proxy,
        RawClient(HOST, proxy.port) as first,
    ):
        first.start(user="postgres")
        assert refused(proxy, user="postgres")["C"] == "53300"


def test_a_silent_client_is_not_waited_for(database):
    with (
        RunningProxy(database, WorkerLimits(startup_seconds_max=0.2)) as proxy,
        RawClient(HOST, proxy.port) as silent,
    ):
        (message,) = silent.until("never")
        assert message.fields["C"] == "28000"


@pytest.mark.parametrize(
    "data",
    [b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\x08\0\2\0\0", b"\xff" * 64, SSL_REQUEST * 2],
    ids=["http", "protocol-2", "noise", "two-requests-at-once"],
)
def test_what_is_not_the_protocol_ends_the_connection_and_no_other(proxy, data):
    with RawClient(HOST, proxy.port) as other, RawClient(HOST, proxy.port) as hostile:
        other.start(user="postgres")
        hostile.send(data)
        assert tags(hostile.until("never")) in ("E", "")
        other.send(query("SELECT 1"))
        assert tags(other.until("Z")) == "TDCZ"


def test_an_unknown_cancel_key_is_ignored_in_silence(proxy):
    with RawClient(HOST, proxy.port) as raw:
        raw.send(encode_cancel(b"\0\0\0\1\0\0\0\1"))
        assert raw.receive() is None


def test_a_database_that_is_down_is_said_to_be(database):
    way = Way(Upstream(HOST, 1))
    with RunningProxy(database, way=way) as proxy:
        assert refused(proxy, user="postgres")["C"] == "08006"


def test_clients_may_use_tls(database, tmp_path):
    certificate = make_certificate(tmp_path)
    way = Way(Upstream(HOST, database.port), client_tls=certificate.client_tls())
    with RunningProxy(database, way=way) as proxy:
        more = {"sslmode": "verify-full", "sslrootcert": str(certificate.certificate_file)}
        with psycopg.connect(proxy.conninfo("agency_scram", **more)) as connection:
            assert connection.pgconn.ssl_in_use
            assert connection.execute("SELECT repeat('x', 1000000)").fetchone() == ("x" * 10**6,)


def test_draining_lets_a_transaction_finish_and_no_other_begin(proxy):
    with RawClient(HOST, proxy.port) as inside, ThreadPoolExecutor() as pool:
        inside.start(user="postgres")
        inside.send(query("BEGIN"))
        inside.until("Z")
        closing = pool.submit(proxy.wait, proxy.worker.close(10.0))
        inside.send(query("SELECT 1"))
        assert tags(inside.until("Z")) == "TDCZ"
        assert not closing.done()
        inside.send(query("COMMIT"))
        assert tags(inside.until("never")) == "CZE"
        closing.result()


def test_draining_ends_a_transaction_that_does_not_finish(proxy):
    with RawClient(HOST, proxy.port) as inside:
        inside.start(user="postgres")
        inside.send(query("BEGIN"))
        inside.until("Z")
        proxy.wait(proxy.worker.close(0.2))
        assert [m.fields["C"] for m in inside.until("never")] == ["57P01"]


def test_draining_lets_a_statement_finish_and_ends_the_idle(proxy):
    with RawClient(HOST, proxy.port) as idle, RawClient(HOST, proxy.port) as busy:
        idle.start(user="postgres")
        busy.start(user="postgres")
        busy.send(query("SELECT pg_sleep(0.5)"))
        proxy.wait(proxy.notary.submitted("decision", 1))
        proxy.wait(proxy.worker.close(10.0))
        assert [m.fields["C"] for m in idle.until("never")] == ["57P01"]
        assert tags(busy.until("never")) == "TDCZE"
