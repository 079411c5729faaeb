import pytest

from proxy.cli.harden import run
from proxy.errors import ConfigurationError


def test_the_script_is_printed_and_nothing_is_run(config, agency, capsys):
    assert run(config, None, ["10.0.0.10"], undo=False) == 0
    script = capsys.readouterr().out
    assert "CREATE POLICY fengcun_select" in script
    assert 'host    "agency"  "desk"  10.0.0.10/32' in script
    with agency.connect() as connection:
        policies = connection.execute("SELECT count(*) FROM pg_policy").fetchone()
    assert policies == (0,)
    assert run(config, "agency", ["10.0.0.10"], undo=True) == 0
    assert "DISABLE ROW LEVEL SECURITY" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("database", "proxies", "says"),
    [("other", ["10.0.0.10"], "--database"), (None, ["10.0.0.10/8"], "--proxy"),
     (None, ["host.example"], "--proxy")],
)  # fmt: skip
def test_what_cannot_be_meant_is_told(config, database, proxies, says):
    with pytest.raises(ConfigurationError, match=says):
        run(config, database, proxies, undo=False)
