"""The shortest statement found that still tells: what is shown of a leak.

Delta debugging over the lexer's tokens (Zeller and Hildebrandt, 2002): a subquery alone first, then
without what is in parentheses, then without ever shorter runs. What no longer parses is refused,
and so is no leak.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import postgast

from tests.noninterference.client import Broken
from tests.noninterference.oracle import Finding, Oracle
from tests.noninterference.run import is_leak
from tests.noninterference.statement import Instance

TRIES_MAX = 2000


def shortest(oracle: Oracle, found: Finding) -> Finding:
    """A leak whose text is the found one's without some of its tokens."""
    search = _Search(oracle, found)
    search.without_parameters()
    length = len(search.tokens) + 1
    while len(search.tokens) < length and search.tries_left > 0:
        length = len(search.tokens)
        search.by_groups()
        search.by_runs()
    return search.found


class _Search:
    def __init__(self, oracle: Oracle, found: Finding) -> None:
        self._oracle = oracle
        self.found = found
        self.tokens = _tokens(found.instance.text)
        self.tries_left = TRIES_MAX

    def without_parameters(self) -> None:
        """Literals in their place: a parameter that the text has no more is an error."""
        values = self.found.instance.parameters
        literals = {f"${number}": _literal(value) for number, value in enumerate(values, 1)}
        tokens = [literals.get(token, token) for token in self.tokens]
        self._try(Instance(" ".join(tokens), writes=self.found.instance.writes), tokens)

    def by_groups(self) -> None:
        """The inside of parentheses alone, or the text without it, or without them."""
        again = True
        while again:
            again = any(self._tells(kept) for kept in _by_parentheses(self.tokens))

    def by_runs(self) -> None:
        """The text without a run of tokens, long runs first."""
        size = len(self.tokens) // 2
        while size:
            start = 0
            while start < len(self.tokens):
                if not self._tells(self.tokens[:start] + self.tokens[start + size :]):
                    start += size
            size //= 2

    def _tells(self, tokens: list[str]) -> bool:
        if self.tries_left <= 0 or not 0 < len(tokens) < len(self.tokens):
            return False
        return self._try(replace(self.found.instance, text=" ".join(tokens)), tokens)

    def _try(self, instance: Instance, tokens: list[str]) -> bool:
        self.tries_left -= 1
        try:
            (finding,) = self._oracle.compare((instance,))
        except Broken:
            self.tries_left = 0
            return False
        if is_leak(finding):
            self.tokens, self.found = tokens, finding
            return True
        return False


def _literal(value: bytes | None) -> str:
    return "NULL" if value is None else "'" + value.decode().replace("'", "''") + "'"


def _tokens(text: str) -> list[str]:
    encoded = text.encode()
    return [encoded[t.start : t.end].decode() for t in postgast.scan(text).tokens]


def _by_parentheses(tokens: list[str]) -> Iterator[list[str]]:
    """Shorter texts, the shortest of each kind first."""
    groups = sorted(_groups(tokens), key=lambda group: group[1] - group[0])
    for start, end in groups:
        if tokens[start + 1].upper() in ("SELECT", "WITH", "VALUES"):
            yield tokens[start + 1 : end - 1]
    for start, end in reversed(groups):
        yield tokens[:start] + tokens[end:]
        yield tokens[: start + 1] + tokens[end - 1 :]
        yield tokens[:start] + tokens[start + 1 : end - 1] + tokens[end:]


def _groups(tokens: list[str]) -> Iterator[tuple[int, int]]:
    """Where parentheses open, and where what they close ends."""
    opened: list[int] = []
    for index, token in enumerate(tokens):
        if token == "(":
            opened.append(index)
        elif token == ")" and opened:
            yield opened.pop(), index + 1
