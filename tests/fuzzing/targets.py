"""The targets by name. Each takes any bytes and returns None, or raises what is a finding."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.conftest import AGENCY_FILES
from tests.fuzzing import hostile_bytes, hostile_texts
from tests.noninterference.planned import planner_of
from tests.world import Database, PostgresWorld

Target = Callable[[bytes], None]

BYTES: Final[dict[str, Target]] = {
    "session": hostile_bytes.session,
    "client": hostile_bytes.client,
    "server": hostile_bytes.server,
    "startup": hostile_bytes.startup,
    "scram": hostile_bytes.scram,
    "ledger": hostile_texts.ledger,
    "settings": hostile_texts.settings,
}
TEXTS: Final = ("statement", "repeated")
NAMES: Final = (*BYTES, *TEXTS)
TOOK_TOO_LONG: Final = "took too long"
CORPUS: Final = Path(__file__).with_name("corpus")


def texts_on(agency: Database) -> dict[str, Target]:
    """The targets of texts, against the catalogue of this database."""
    statement = hostile_texts.Statement(*planner_of(agency))
    return {"statement": statement, "repeated": hostile_texts.Repeated(statement)}


@contextmanager
def target(name: str) -> Iterator[Target]:
    """A target, with a database of its own where it needs one to begin with."""
    if name not in TEXTS:
        yield BYTES[name]
        return
    with PostgresWorld() as world:
        world.create_template("fuzzing_template", AGENCY_FILES)
        made = texts_on(world.create_database("fuzzing_template"))
    yield made[name]


def corpus(name: str) -> list[bytes]:
    """The inputs that are kept, one a line, written as Python writes bytes."""
    lines = (CORPUS / f"{name}.txt").read_text(encoding="ascii").splitlines()
    return [ast.literal_eval(line) for line in lines if line and not line.startswith("#")]


def kept(data: bytes) -> str:
    """The line for an input in the corpus."""
    return f"{data!r}\n"
