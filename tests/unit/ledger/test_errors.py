from ledger.errors import ConfigurationError, LogFrozen


def test_a_frozen_log_is_a_matter_of_configuration_and_says_where_to_go_on():
    named = LogFrozen("court.example/2026", "court.example/2027")
    assert isinstance(named, ConfigurationError)
    assert (
        str(named) == "the log court.example/2026 is frozen: it is continued by court.example/2027"
    )
    assert named.successor == "court.example/2027"
    assert "begin the log that follows it" in str(LogFrozen("court.example/2026", None))
