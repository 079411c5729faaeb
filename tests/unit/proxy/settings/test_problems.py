"""An error says where, which key and what was expected, all of them at once, and no values."""

from pathlib import Path

import pytest

from proxy.errors import ConfigurationError
from proxy.settings.problems import (
    ConfigurationProblems,
    Problem,
    dotted,
    parse_document,
    read_document,
    validated,
)
from proxy.settings.service import Settings

FILE = Path("fengcun.toml")
BROKEN = b"""\
[listen]
hots = "0.0.0.0"
port = 99999
[upstream]
host = "db"
databases = []
sslmode = "verify"
catalogue_user = "u"
conect_timeout = 3
[legder]
secret = "hunter2"
[policy]
file = "p.toml"
"""


def problems(content: bytes) -> list[str]:
    with pytest.raises(ConfigurationProblems) as caught:
        validated(parse_document(FILE, content), Settings)
    return str(caught.value).splitlines()


def test_every_mistake_is_listed_in_the_order_of_the_lines():
    assert problems(BROKEN) == [
        "fengcun.toml: ledger: is missing; add this key",
        'fengcun.toml:2: listen.hots: unknown key; did you mean "host"?',
        "fengcun.toml:3: listen.port: expected less than or equal to 65535",
        "fengcun.toml:6: upstream.databases: expected at least 1",
        "fengcun.toml:7: upstream.sslmode: expected 'disable', 'require' or 'verify-full'",
        'fengcun.toml:9: upstream.conect_timeout: unknown key; did you mean "connect_timeout_ms"?',
        'fengcun.toml:10: legder: unknown key; did you mean "ledger"?',
    ]


def test_a_key_like_no_other_is_answered_with_those_there_are():
    found = problems(b"[metrics]\nxyzzy = 1\n")
    assert "fengcun.toml:2: metrics.xyzzy: unknown key; known here: host, port" in found


def test_no_value_is_repeated():
    assert "hunter2" not in "\n".join(problems(BROKEN))


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        (b"a = 1\nb = \n", 2, "is not valid TOML"),
        (b"a = 1\na = 2\n", 2, "is not valid TOML"),
        (b"\n\nb = '\xff'\n", 3, "is not UTF-8"),
        (b"a = 1\nb = '''", 2, "is not valid TOML"),
    ],
    ids=["no value", "twice", "encoding", "no end"],
)
def test_text_that_is_no_toml_is_refused_with_its_line(content, line, says):
    with pytest.raises(ConfigurationProblems) as caught:
        parse_document(FILE, content)
    (problem,) = caught.value.problems
    assert (problem.line, problem.key) == (line, "")
    assert problem.message.startswith(says)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"a = " + b"[" * 3_000, "nested too deeply"),
        (b"a = " + b"{a = " * 1_300, "nested too deeply"),
        (b"a = " + b"9" * 4_400, "a number too long"),
    ],
    ids=["lists", "tables", "digits"],
)
def test_what_the_reader_of_toml_gives_up_on_is_a_problem_like_others(content, says):
    (problem,) = problems(content)
    assert says in problem


def test_lines_count_the_same_with_windows_line_ends():
    found = problems(BROKEN.replace(b"\n", b"\r\n"))
    assert found == problems(BROKEN)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigurationProblems) as caught:
        read_document(tmp_path / "none.toml")
    assert str(caught.value).endswith("none.toml: cannot read it: no such file or directory")


def test_problems_are_the_configurations_fault():
    error = ConfigurationProblems([Problem("f", None, "", "is wrong")])
    assert isinstance(error, ConfigurationError)
    assert error.sqlstate == "F0000"


@pytest.mark.parametrize(
    ("path", "written"),
    [
        (("relation", "base.person", "mask"), 'relation."base.person".mask'),
        (("principal", 0, "name"), "principal[0].name"),
        (("relation", "person", "[key]"), "relation.person"),
        ((), ""),
    ],
)
def test_paths_are_written_as_toml_writes_them(path, written):
    assert dotted(path) == written
