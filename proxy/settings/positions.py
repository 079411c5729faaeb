"""Where in a TOML text each key stands, so that an error can name the line.

`tomllib` says what a text means and forgets where it stood. This reads the same text again and
keeps only places: headers and keys are followed, values are skipped. Keys inside an inline table
or an array have the line of the key that holds them. The text must have passed `tomllib`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Keys and array indices from the root of the document."""

_KEY = re.compile(
    r"""[ \t]*(?P<part>[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')[ \t]*(?P<dot>\.?)"""
)
_VALUE_PART = re.compile(
    r'''(?x) """(?:[^\\]|\\.)*?"{3,5} | \'\'\'.*?'{3,5} | "(?:[^"\\\n]|\\.)*" | '[^'\n]*'
        | \#[^\n]* | [\[{] | [\]}] | \n | [^\n"'\#\[\]{}]+''',
    re.DOTALL,
)


def key_lines(text: str) -> Mapping[Path, int]:
    """Path -> line (from 1) of every table header and key of a valid TOML text."""
    return _Scan(text).run()


def nearest_line(lines: Mapping[Path, int], path: Path) -> int | None:
    """The line of ``path``, or of the nearest thing around it that has one."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return None


@dataclass(slots=True)
class _Scan:
    text: str
    position: int = 0
    table: Path = ()
    lines: dict[Path, int] = field(default_factory=dict)
    arrays: dict[Path, int] = field(default_factory=dict)

    def run(self) -> Mapping[Path, int]:
        while self.position < len(self.text):
            character = self.text[self.position]
            if character in " \t\r\n":
                self.position += 1
            elif character == "#":
                self._skip_line()
            elif character == "[":
                self._header()
            else:
                self._key_and_value()
        return self.lines

    def _header(self) -> None:
        is_array = self.text.startswith("[[", self.position)
        line = self._line()
        self.position += 2 if is_array else 1
        path = self._inside(self._keys())
        if is_array:
            self.arrays[path] = self.arrays.get(path, -1) + 1
            path = (*path, self.arrays[path])
        self.table = path
        self.lines.setdefault(path, line)
        self._skip_line()

    def _key_and_value(self) -> None:
        line = self._line()
        path = (*self.table, *self._keys())
        for length in range(len(self.table) + 1, len(path) + 1):
            self.lines.setdefault(path[:length], line)
        self.position += 1  # the equals sign
        depth = 0
        while self.position < len(self.text):
            found = _VALUE_PART.match(self.text, self.position)
            if found is None:
                raise ValueError("not a valid TOML text")
            self.position = found.end()
            match found[0]:
                case "\n" if depth == 0:
                    return
                case "[" | "{":
                    depth += 1
                case "]" | "}":
                    depth -= 1
                case _:
                    pass

    def _keys(self) -> tuple[str, ...]:
        keys = []
        while found := _KEY.match(self.text, self.position):
            self.position = found.end()
            keys.append(_plain(found["part"]))
            if not found["dot"]:
                break
        if not keys:
            raise ValueError("not a valid TOML text")
        return tuple(keys)

    def _inside(self, keys: tuple[str, ...]) -> Path:
        """Headers name an array's last element by the array's own name."""
        path: Path = ()
        for number, key in enumerate(keys, start=1):
            path = (*path, key)
            if path in self.arrays and number < len(keys):
                path = (*path, self.arrays[path])
        return path

    def _line(self) -> int:
        return self.text.count("\n", 0, self.position) + 1

    def _skip_line(self) -> None:
        end = self.text.find("\n", self.position)
        self.position = len(self.text) if end < 0 else end + 1


def _plain(part: str) -> str:
    """A key without its quotes and escapes."""
    if part[0] not in "\"'":
        return part
    return next(iter(tomllib.loads(f"{part} = 0")))
