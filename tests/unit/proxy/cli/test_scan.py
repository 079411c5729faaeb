"""`fengcun scan`: counts alone, and what is missing said in a line. The whole is in scenarios."""

import pytest

from proxy.cli.scan import _line, _row, run
from proxy.errors import ConfigurationError
from proxy.names import Article
from proxy.policy.law import FindingRule
from proxy.record.findings import Report, Result

RULE = FindingRule("late", Article("x"), "alarm", "t", "SELECT", frozenset())


def told(count=0, new=None, failed=None):
    keys = (("110105200401010043",),) * count
    result = Result(RULE, "agency", ("id_no",), keys, count, failed)
    return Report(result, (), frozenset(), new)


def test_a_line_has_counts_and_no_key():
    assert _line(told(2, 1)) == "agency: late: 2 found / 发现 2, 1 new / 新增 1"
    assert _line(told(2)) == "agency: late: 2 found / 发现 2"
    assert "not found out (57014)" in _line(told(failed="57014"))


def test_so_has_a_row_for_machines():
    assert "110105200401010043" not in str(_row(told(2, 1)))
    assert (_row(told(2, 1))["found"], _row(told(failed="57014"))["found"]) == (2, None)


def write(tmp_path, scan):
    config = tmp_path / "fengcun.toml"
    config.write_text(
        '[upstream]\nhost = "127.0.0.1"\ndatabases = ["d"]\ncatalogue_user = "u"\n'
        f'[ledger]\ndirectory = "log"\nkeys = "keys"\norigin = "test.example/log"\n{scan}'
        '[policy]\nfile = "policy.toml"\n'
    )
    return config


@pytest.mark.parametrize(
    ("scan", "says"), [("", "no .scan. table"), ('[scan]\nuser = "s"\n', "no ..finding.. table")]
)
def test_what_is_missing_is_said(tmp_path, scan, says):
    policy = '[relation."public.a"]\narticle = "x"\nvisible_when = "self.open"\n'
    (tmp_path / "policy.toml").write_text(policy, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=says):
        run(write(tmp_path, scan), as_json=False)
