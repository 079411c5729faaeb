"""Which startup parameters reach the server, and which the proxy fixes itself. Pure.

The packet that goes upstream is built anew from an allow-list: with duplicates the server takes
the last, ``options`` can set anything, and ``replication`` reads tables without SQL. The pins are
part of the packet because a value from there is what RESET ALL and DISCARD ALL go back to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from proxy.errors import FengcunError
from proxy.names import CASE_SETTING, CLAIM_SETTINGS, OPERATOR_SETTING
from proxy.wire.postgres.encoding import codec_of, decode_exactly, encoding_named
from proxy.wire.postgres.startup import StartupMessage, as_sent

PINS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # Where a literal ends, for both parsers (PostgreSQL documentation, section 4.1.2.1).
        "standard_conforming_strings": "on",
        "backslash_quote": "safe_encoding",
        # `x = NULL` must not become `x IS NULL` behind the planner's back.
        "transform_null_equals": "off",
        # With off, a query that a policy of the server would filter fails instead.
        "row_security": "on",
    }
)

_ADMITTED: Final = frozenset(
    {
        "application_name",
        "bytea_output",
        "client_encoding",
        "client_min_messages",
        "datestyle",
        "default_transaction_deferrable",
        "default_transaction_isolation",
        "default_transaction_read_only",
        "extra_float_digits",
        *CLAIM_SETTINGS,
        "geqo",
        "idle_in_transaction_session_timeout",
        "idle_session_timeout",
        "intervalstyle",
        "jit",
        "lock_timeout",
        "search_path",
        "statement_timeout",
        "timezone",
        "transaction_timeout",
    }
)
# Lower settings would send the client the server's plans and statements as notices.
_CLOSED_VALUES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {"client_min_messages": frozenset({"notice", "warning", "error"})}
)
_PROTOCOL_OPTION: Final = "_pq_."
_NAME_SHOWN_MAX: Final = 63
_NOT_UTF8: Final = re.compile("[\udc80-\udcff]")
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_OPTION: Final = re.compile(r"(?:\\.|[^\\\s])+", re.DOTALL)


class ParameterRefused(FengcunError):
    """A startup parameter is not on the list, comes twice or has a value that is not admitted."""

    sqlstate = "42501"
    label = "startup-parameter"


@dataclass(frozen=True, slots=True)
class Admission:
    """Who wants in, and the packet to send upstream for them.

    A `user` or `database` that is not UTF-8 stays as it came, lone surrogates and all: the server
    compares bytes, so reading it in another encoding could make it somebody else's name.
    `operator` and `case` are what its settings say about who asks.
    """

    user: str
    database: str
    application_name: str
    client_encoding: str
    message: StartupMessage
    operator: str = ""
    case: str = ""


def admit(message: StartupMessage, *, unsealed: bool = False) -> Admission:
    """Rebuild a client's StartupMessage. Raises `ParameterRefused`, naming the parameter only.

    ``options`` is taken apart and its settings are sent as parameters of their own. ``unsealed``:
    nothing is sealed behind this proxy, and whatever does not ask for replication is sent on.
    """
    if unsealed:
        return _sent_on(message)
    user = database = ""
    protocol_options: list[tuple[str, str]] = []
    settings: dict[str, tuple[str, str]] = {}
    seen: set[str] = set()
    for name, value in message.parameters:
        if name in seen:
            raise _refused(name, "was given twice")
        seen.add(name)
        if name == "user":
            user = value
        elif name == "database":
            database = value
        elif name == "options":
            _add(settings, parse_options(value))
        elif name.startswith(_PROTOCOL_OPTION):
            protocol_options.append((name, value))
        else:
            _add(settings, ((name, value),))
    if not user:
        raise _refused("user", "is missing")
    database = database or user
    _add_pins(settings)
    parameters = (("user", user), ("database", database), *settings.values(), *protocol_options)
    return Admission(
        user,
        database,
        _application_name(settings),
        settings.get("client_encoding", ("", ""))[1],
        StartupMessage(message.minor, parameters),
        *_claims(dict(settings.values())),
    )


def _sent_on(message: StartupMessage) -> Admission:
    given = dict(message.parameters)
    if "replication" in given:
        raise _refused("replication", "is not admitted")
    user = given.get("user", "")
    if not user:
        raise _refused("user", "is missing")
    # With duplicates the server takes the last, and so does the dict.
    database = given.get("database") or user
    encoding = given.get("client_encoding", "")
    name = given.get("application_name", "")
    return Admission(user, database, name, encoding, message, *_claims(given))


def _claims(settings: Mapping[str, str]) -> tuple[str, str]:
    """What is said about who asks; names of settings are folded."""
    folded = {name.lower(): value for name, value in settings.items()}
    return folded.get(OPERATOR_SETTING, ""), folded.get(CASE_SETTING, "")


def _add(settings: dict[str, tuple[str, str]], given: Iterable[tuple[str, str]]) -> None:
    for name, value in given:
        folded = name.lower()
        if folded in PINS:
            if value.lower() not in _spellings(PINS[folded]):
                raise _refused(name, f"is fixed to {PINS[folded]} here")
        elif folded not in _ADMITTED:
            raise _refused(name, "is not admitted")
        elif folded != "application_name" and not _is_utf8(value):
            raise _refused(name, "is not UTF-8")
        elif value.lower() not in _CLOSED_VALUES.get(folded, {value.lower()}):
            raise _refused(name, "has a value that is not admitted")
        if folded in settings:
            raise _refused(name, "was given twice")
        settings[folded] = (name, value)


def _application_name(settings: Mapping[str, tuple[str, str]]) -> str:
    """As its sender means it: clients whose system writes GBK write it in GBK. It proves nothing,
    in whatever encoding, so it cannot be read as too much."""
    value = settings.get("application_name", ("", ""))[1]
    encoding = encoding_named(settings.get("client_encoding", ("", ""))[1])
    codec = None if encoding is None else codec_of(encoding)
    if _is_utf8(value) or codec is None:
        return value
    return decode_exactly(as_sent(value), codec) or value


def _is_utf8(value: str) -> bool:
    return not _NOT_UTF8.search(value)


def _add_pins(settings: dict[str, tuple[str, str]]) -> None:
    for name, value in PINS.items():
        settings[name] = (name, value)


def _spellings(value: str) -> frozenset[str]:
    """How the server lets a boolean be written, as far as drivers use it."""
    match value:
        case "on":
            return frozenset({"on", "true", "yes", "1"})
        case "off":
            return frozenset({"off", "false", "no", "0"})
        case _:
            return frozenset({value})


def parse_options(options: str) -> Iterator[tuple[str, str]]:
    """The settings in a command line of ``-c name=value`` and ``--name=value``.

    Words are separated by white space and a backslash takes the next character as it is
    (``pg_split_opts``). Any other switch is refused, and so is a word that ends in a backslash.
    """
    words = iter(_OPTION.findall(options))
    if _OPTION.sub("", options).strip():
        raise _refused("options", "cannot be understood")
    for word in words:
        if word == "-c":
            setting = next(words, "")
        elif word.startswith(("-c", "--")):
            setting = word[2:]
        else:
            raise _refused("options", "may hold only -c name=value and --name=value")
        name, equals, value = _ESCAPED.sub(r"\1", setting).partition("=")
        if not name or not equals:
            raise _refused("options", "may hold only -c name=value and --name=value")
        # ParseLongOption of the server: dashes in a name are underscores.
        yield name.replace("-", "_"), value


def _refused(name: str, why: str) -> ParameterRefused:
    shown = "".join(c if c.isprintable() else "?" for c in name[:_NAME_SHOWN_MAX])
    return ParameterRefused(f'startup parameter "{shown}" {why}')
