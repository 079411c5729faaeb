import io
import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import UpstreamUnavailable
from proxy.telemetry.log import FIELDS, JsonFormatter, TerminalFormatter, configure

SECRET = "张三 110101199001011234"
LITERAL = "SELECT * FROM base.case_person WHERE name = '张三'"
FORMATTERS = [JsonFormatter(), TerminalFormatter()]


def _record(name: str = "proxy.server", message: object = "listening", **extra: object):
    logger = logging.getLogger(name)
    return logger.makeRecord(name, logging.INFO, "f.py", 1, message, (), None, extra=extra)


def _raised(error: Exception) -> logging.LogRecord:
    try:
        raise error
    except type(error) as caught:
        return logging.LogRecord(
            "proxy.server", logging.ERROR, "f.py", 1, "the session ended", (), (
                type(caught), caught, caught.__traceback__)
        )  # fmt: skip


def test_a_line_is_one_json_object_with_its_fields():
    line = json.loads(JsonFormatter().format(_record(host="127.0.0.1", port=5433)))
    assert line["message"] == "listening"
    assert (line["host"], line["port"]) == ("127.0.0.1", 5433)
    assert line["time"].endswith("+00:00")


@pytest.mark.parametrize("formatter", FORMATTERS)
@pytest.mark.parametrize("field", ["statement", "sql", "name", "args", "user", "address"])
def test_a_field_that_is_not_on_the_list_is_not_shown(formatter, field):
    assert field not in FIELDS
    record = _record()
    setattr(record, field, SECRET if field != "name" else "proxy.x")
    assert SECRET not in formatter.format(record)


@pytest.mark.parametrize("formatter", FORMATTERS)
@pytest.mark.parametrize("field", sorted(FIELDS))
@pytest.mark.requirement("G11")
def test_no_field_can_carry_a_name_or_a_literal(formatter, field):
    for value in (SECRET, LITERAL, "a b", "x'y", "x\ny", [SECRET], SECRET.encode()):
        text = formatter.format(_record(**{field: value}))
        assert "张三" not in text
        assert "110101" not in text
        assert "x'y" not in text


@given(st.sampled_from(sorted(FIELDS)), st.text(max_size=60))
def test_what_is_shown_of_a_field_has_its_shape(field, value):
    line = json.loads(JsonFormatter().format(_record(**{field: value})))
    assert line[field] == "withheld" or FIELDS[field].fullmatch(line[field])


@pytest.mark.parametrize("formatter", FORMATTERS)
def test_arguments_are_never_put_into_the_message(formatter):
    record = _record(message="refused %s")
    record.args = (SECRET,)
    assert "refused %s" in formatter.format(record)
    assert SECRET not in formatter.format(record)


@pytest.mark.parametrize("formatter", FORMATTERS)
@pytest.mark.parametrize(
    "name", ["asyncpg", "asyncio", "aiohttp.server", "proxyish", "py.warnings"]
)
def test_the_words_of_a_library_are_not_repeated(formatter, name):
    assert SECRET not in formatter.format(_record(name, message=f"value {SECRET}", host="h"))


@pytest.mark.parametrize("formatter", FORMATTERS)
def test_of_a_foreign_exception_only_type_and_place_are_shown(formatter):
    text = formatter.format(_raised(ValueError(SECRET)))
    assert "ValueError" in text
    assert "test_log.py:" in text
    assert SECRET not in text


def test_our_own_exceptions_say_what_happened():
    line = json.loads(JsonFormatter().format(_raised(UpstreamUnavailable("connection refused"))))
    assert line["error"] == "UpstreamUnavailable"
    assert line["reason"] == "connection refused"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def _root_logger_restored():
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before
    logging.captureWarnings(False)


@pytest.mark.usefixtures("_root_logger_restored")
@pytest.mark.parametrize(("stream", "is_json"), [(io.StringIO(), True), (_Terminal(), False)])
def test_a_pipe_gets_json_and_a_terminal_gets_text(stream, is_json):
    configure(stream)
    logging.getLogger("proxy.server").info("listening", extra={"port": 5433})
    text = stream.getvalue()
    assert text.count("\n") == 1
    assert text.startswith("{") == is_json
    assert "5433" in text
