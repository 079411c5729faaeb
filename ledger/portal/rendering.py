"""Templates and values -> HTML. Everything that is not written in a template is escaped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

import jinja2
from aiohttp import web

from ledger.portal.beijing import BEIJING
from ledger.portal.words import Language, Words

_FOLDER: Final = Path(__file__).parent
_TEXTS: Final = {
    file.name: file.read_text(encoding="utf-8") for file in _FOLDER.rglob("templates/*.html")
}
_UNITS: Final = ((86_400, "天", "days"), (3_600, "小时", "hours"), (60, "分钟", "minutes"))
_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
STATIC: Final[Mapping[str, tuple[bytes, str]]] = MappingProxyType(
    {
        file.name: (file.read_bytes(), _TYPES[file.suffix])
        for file in sorted(_FOLDER.rglob("static/*"))
    }
)
"""Name -> content and type of the files that pages link: styles and scripts."""
_environment: Final = jinja2.Environment(
    loader=jinja2.DictLoader(_TEXTS),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def beijing(time: str) -> str:
    """A time of an entry, on the clocks of Beijing."""
    try:
        return datetime.fromisoformat(time).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return "—"


def _ago(then_seconds: float, now_seconds: float, t: Callable[[str, str], str]) -> str:
    """How long before now, in the largest unit that says enough."""
    seconds = max(0, int(now_seconds - then_seconds))
    if seconds < 60:
        return t("刚刚", "just now")
    for unit, chinese, english in _UNITS:
        if seconds >= 2 * unit or unit == 60:
            return t(f"{seconds // unit} {chinese}前", f"{seconds // unit} {english} ago")
    raise AssertionError("unreachable")


_environment.filters["moment"] = beijing
_environment.filters["ago"] = _ago


def page(
    template: str, language: Language, values: Mapping[str, object], status: int = 200
) -> web.Response:
    """A page of HTML. `t(chinese, english)` and `say(words)` give the text in its language."""

    def t(chinese: str, english: str) -> str:
        return Words(chinese, english).to(language)

    def say(words: Words) -> str:
        return words.to(language)

    shared = {"t": t, "say": say, "language": language.value, "english": t("", "1") == "1"}
    text = _environment.get_template(template).render({**shared, **values})
    return web.Response(status=status, text=text, content_type="text/html", charset="utf-8")
