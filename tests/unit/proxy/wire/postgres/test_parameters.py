"""Only what is listed reaches the server, once, and the pins always do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.wire.postgres.parameters import PINS, ParameterRefused, admit, parse_options
from proxy.wire.postgres.startup import StartupMessage


def admitted(*parameters):
    return admit(StartupMessage(0, (("user", "app"), *parameters)))


def sent(*parameters):
    return dict(admitted(*parameters).message.parameters)


def test_the_pins_are_part_of_every_packet():
    assert sent().items() >= PINS.items()


def test_the_database_is_the_user_where_none_is_named():
    assert admitted().database == "app"
    assert admitted(("database", "agency")).database == "agency"


def test_what_drivers_send_passes_in_their_spelling():
    given = {
        "application_name": "x",
        "client_encoding": "GBK",
        "DateStyle": "ISO",
        "TimeZone": "Asia/Shanghai",
        "extra_float_digits": "2",
        "search_path": "base",
        "statement_timeout": "1000",
        "client_min_messages": "warning",
    }
    assert sent(*given.items()).items() >= given.items()


def test_the_settings_in_options_become_parameters():
    options = r"-c search_path=a,b  -cgeqo=off --statement-timeout=5 -c application_name=a\ b"
    found = sent(("options", options))
    assert "options" not in found
    assert found.items() >= {
        ("search_path", "a,b"),
        ("geqo", "off"),
        ("statement_timeout", "5"),
        ("application_name", "a b"),
    }


GBK = "查询".encode("gbk").decode("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    ("value", "encoding", "meant"),
    [
        ("查询", (), "查询"),
        ("查询", (("client_encoding", "GBK"),), "查询"),
        (GBK, (("client_encoding", "GBK"),), "查询"),
        (GBK, (("options", "-c client_encoding=win936"),), "查询"),
        (GBK, (("client_encoding", "UTF8"),), GBK),
        (GBK, (("client_encoding", "no such"),), GBK),
        (GBK, (), GBK),
        (GBK + "\udcff", (("client_encoding", "GBK"),), GBK + "\udcff"),
    ],
)
def test_an_application_name_means_what_its_encoding_says_and_is_sent_as_it_came(
    value, encoding, meant
):
    admission = admitted(("application_name", value), *encoding)
    assert admission.application_name == meant
    assert ("application_name", value) in admission.message.parameters


def test_user_and_database_are_never_read_in_another_encoding():
    parameters = (("user", GBK), ("database", GBK), ("client_encoding", "GBK"))
    admission = admit(StartupMessage(0, parameters))
    assert (admission.user, admission.database) == (GBK, GBK)


@pytest.mark.parametrize("name", ["search_path", "client_encoding", "timezone", "datestyle"])
def test_other_values_are_utf_8(name):
    with pytest.raises(ParameterRefused, match=name):
        admitted((name, GBK))
    with pytest.raises(ParameterRefused, match=name):
        admitted(("options", f"-c {name}={GBK}"))


def test_options_of_the_protocol_pass_for_the_server_to_negotiate():
    assert sent(("_pq_.something", "on"))["_pq_.something"] == "on"


def test_a_client_may_ask_for_what_is_pinned_anyway():
    found = admitted(("Standard_Conforming_Strings", "ON")).message.parameters
    assert [value for name, value in found if name.lower() == "standard_conforming_strings"] == [
        "on"
    ]


REFUSED = {
    "replication": [("replication", "database")],
    "replication-in-capitals": [("Replication", "true")],
    "unknown": [("session_preload_libraries", "x")],
    "role": [("role", "postgres")],
    "pin-turned-off": [("standard_conforming_strings", "off")],
    "pin-in-capitals": [("STANDARD_CONFORMING_STRINGS", "off")],
    "pin-in-options": [("options", "-c standard_conforming_strings=off")],
    "pin-by-dashes": [("options", "--standard-conforming-strings=off")],
    "row-security": [("row_security", "off")],
    "twice": [("search_path", "a"), ("search_path", "b")],
    "twice-in-other-letters": [("search_path", "a"), ("Search_Path", "b")],
    "twice-by-options": [("search_path", "a"), ("options", "-c search_path=b")],
    "user-twice": [("user", "postgres")],
    "options-with-another-switch": [("options", "-d 5")],
    "options-with-a-word": [("options", "search_path=a")],
    "options-without-a-value": [("options", "-c")],
    "options-ending-in-a-backslash": [("options", "-c geqo=off\\")],
    "debug-notices": [("client_min_messages", "debug5")],
}


@pytest.mark.parametrize("parameters", REFUSED.values(), ids=REFUSED)
def test_everything_else_is_refused(parameters):
    with pytest.raises(ParameterRefused) as caught:
        admitted(*parameters)
    assert caught.value.sqlstate == "42501"


def test_a_packet_without_a_user_is_refused():
    with pytest.raises(ParameterRefused, match="user"):
        admit(StartupMessage(0, (("database", "x"),)))


def test_the_refusal_names_the_parameter_and_never_its_value():
    with pytest.raises(ParameterRefused) as caught:
        admitted(("session_authorization", "secret"))
    assert "session_authorization" in str(caught.value)
    assert "secret" not in str(caught.value)


@given(st.text(max_size=40))
def test_arbitrary_options_are_settings_or_refused(options):
    try:
        settings = list(parse_options(options))
    except ParameterRefused:
        return
    assert all(name and "-" not in name for name, _ in settings)


@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=12)), max_size=4))
def test_whatever_is_sent_the_pins_hold(parameters):
    try:
        found = admitted(*parameters).message.parameters
    except ParameterRefused:
        return
    folded = [name.lower() for name, _ in found]
    assert len(set(folded)) == len(folded)
    assert {name: value for name, value in found if name in PINS} == PINS


def test_where_nothing_is_sealed_the_packet_is_sent_on_as_it_came():
    message = StartupMessage(
        2, (("user", "a"), ("user", "app"), ("options", "-c work_mem=1MB"), ("anything", "b"))
    )
    admitted = admit(message, unsealed=True)
    assert (admitted.user, admitted.database) == ("app", "app")
    assert admitted.message == message


@pytest.mark.parametrize(
    "parameters", [(("user", "app"), ("replication", "off")), (("user", ""),), ()]
)
def test_where_nothing_is_sealed_replication_is_refused_all_the_same(parameters):
    with pytest.raises(ParameterRefused):
        admit(StartupMessage(0, parameters), unsealed=True)
