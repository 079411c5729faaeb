"""What is wrong with a configuration file: where, which key, what was expected."""

from __future__ import annotations

import re
import tomllib
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from proxy.errors import ConfigurationError
from proxy.settings import positions

_Model = TypeVar("_Model", bound=BaseModel)

_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_OF_A_KEY = "[key]"
"""What pydantic adds to the path where the key itself is wrong, not its value."""
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. ``key`` is the dotted path, empty for the file as a whole; the
    text never repeats a value, which may be a secret."""

    file: str
    line: int | None
    key: str
    message: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.key}: {self.message}" if self.key else f"{where}: {self.message}"


class ConfigurationProblems(ConfigurationError):
    """Everything found wrong in one file, in the order of its lines. Its text has one line each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True)
class Document:
    """A TOML file that could be read: its values, and the line of each key."""

    file: Path
    content: bytes
    values: Mapping[str, Any]
    lines: Mapping[positions.Path, int]

    def problem(self, path: positions.Path, message: str) -> Problem:
        """A problem at ``path``."""
        line = positions.nearest_line(self.lines, path)
        return Problem(str(self.file), line, dotted(path), message)


def read_document(file: Path) -> Document:
    """Read a TOML file. Raises `ConfigurationProblems` when it cannot be read or parsed."""
    try:
        content = file.read_bytes()
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        problem = Problem(str(file), None, "", f"cannot read it: {reason}")
        raise ConfigurationProblems([problem]) from None
    return parse_document(file, content)


def parse_document(file: Path, content: bytes) -> Document:
    """Parse TOML bytes that came from ``file``. Raises `ConfigurationProblems`."""
    try:
        text = content.decode("utf-8").replace("\r\n", "\n")
        values = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigurationProblems([Problem(str(file), line, "", "is not UTF-8 text")]) from None
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        line = int(place[1]) if place and place[1] else content.count(b"\n") + 1
        reason = _TOML_PLACE.sub("", str(error))
        problem = Problem(str(file), line, "", f"is not valid TOML: {reason}")
        raise ConfigurationProblems([problem]) from None
    except (RecursionError, ValueError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else "a number too long"
        problem = Problem(str(file), None, "", f"cannot be read: {reason}")
        raise ConfigurationProblems([problem]) from None
    return Document(file, content, values, positions.key_lines(text))


def validated(document: Document, model: type[_Model]) -> _Model:
    """The document as ``model``. Raises `ConfigurationProblems` with all that is wrong."""
    try:
        return model.model_validate(
            document.values, context={"directory": document.file.resolve().parent}
        )
    except ValidationError as errors:
        found = errors.errors(include_url=False, include_input=False)
        raise ConfigurationProblems(
            [
                document.problem(error["loc"], _message(model, error["type"], error))
                for error in found
            ]
        ) from None


def dotted(path: positions.Path) -> str:
    """``relation."base.person".mask``, ``principal[0].name``: the path as TOML writes it."""
    out = ""
    for part in path:
        if part == _OF_A_KEY:
            continue
        if isinstance(part, int):
            out += f"[{part}]"
            continue
        key = part if _BARE_KEY.fullmatch(part) else f'"{part}"'
        out += f".{key}" if out else key
    return out


def _message(model: type[BaseModel], kind: str, error: Mapping[str, Any]) -> str:
    match kind:
        case "extra_forbidden":
            return _unknown_key(model, error["loc"])
        case "too_short":
            return f"expected at least {error['ctx']['min_length']}"
        case "string_pattern_mismatch":
            return f"expected text of the form {error['ctx']['pattern']}"
        case "missing":
            return "is missing; add this key"
        case "value_error":
            return str(error["ctx"]["error"])
        case _:
            message: str = error["msg"]
            return message.replace("Input should be", "expected", 1)


def _unknown_key(model: type[BaseModel], path: positions.Path) -> str:
    known = sorted(_keys_at(model, path[:-1]))
    close = get_close_matches(str(path[-1]), known, n=1)
    if close:
        return f'unknown key; did you mean "{close[0]}"?'
    return f"unknown key; known here: {', '.join(known)}" if known else "unknown key"


def _keys_at(annotation: object, path: positions.Path) -> set[str]:
    """The keys a table at ``path`` below ``annotation`` may have."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields
        names = {field.alias or name: field.annotation for name, field in fields.items()}
        if not path:
            return set(names)
        return _keys_at(names.get(str(path[0])), path[1:])
    if get_origin(annotation) in (Union, types.UnionType):
        return set().union(*(_keys_at(choice, path) for choice in get_args(annotation)))
    inner = get_args(annotation)
    if path and inner:
        return _keys_at(inner[-1] if inner[-1] is not Ellipsis else inner[0], path[1:])
    return set()
