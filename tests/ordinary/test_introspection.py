"""Mapping frameworks read the schema through the real service as they do without it."""

from __future__ import annotations

import difflib
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.base import PGInspector

from tests.scenarios.service import Site
from tests.world import HOST, PASSWORD

pytestmark = pytest.mark.database

USER = "agency_app"
SCHEMAS = ("shop", "base", None)
TABLES = ("customer", "purchase", "line", "measured", "dog", "rich", "summary", "far")
ARGUMENTS: dict[str, object] = {
    "schema": "shop", "table_name": "customer", "view_name": "rich", "sequence_name": "ticket",
    "index_name": "customer_name", "type_name": "mood", "schema_name": "shop",
    "table_names": TABLES,
}  # fmt: skip
SETTINGS = """
SECRET_KEY = "synthetic"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {{"default": {{
    "ENGINE": "django.db.backends.postgresql", "NAME": "{database}", "HOST": "{host}",
    "PORT": {port}, "USER": "{user}", "PASSWORD": "{password}",
    "OPTIONS": {{"options": "-c search_path=shop,base"}},
}}}}
"""


@pytest.fixture(scope="module")
def engines(shop: Site) -> Iterator[tuple[sa.Engine, sa.Engine]]:
    """Through the proxy, and without it to the same database."""
    both = tuple(
        sa.create_engine("postgresql+psycopg://", creator=connect)
        for connect in (
            lambda: psycopg.connect(shop.conninfo(USER)),
            lambda: psycopg.connect(shop.database.conninfo(USER)),
        )
    )
    yield both[0], both[1]
    for engine in both:
        engine.dispose()


METHODS = sorted(
    name
    for name, method in inspect.getmembers(PGInspector, inspect.isfunction)
    if name.startswith(("get_", "has_"))
)


@pytest.mark.parametrize("name", METHODS)
def test_sqlalchemys_inspector_sees_the_same(engines, name: str):
    ours, theirs = (answered(sa.inspect(engine), name) for engine in engines)
    assert ours == theirs
    assert ours


def answered(inspector: sa.Inspector, name: str) -> list[str]:
    """What the method says of everything that it can be asked about."""
    method: Callable[..., object] = getattr(inspector, name)
    wanted = inspect.signature(method).parameters
    asked: list[dict[str, object]] = [{key: ARGUMENTS[key] for key in wanted if key in ARGUMENTS}]
    if "table_name" in wanted and "index_name" not in wanted:
        asked = [{"schema": "shop", "table_name": table} for table in TABLES]
        asked += [{"schema": "base", "table_name": "case_person"}]
    elif set(asked[0]) == {"schema"}:
        asked = [{"schema": schema} for schema in SCHEMAS]
    return [said(method, arguments) for arguments in asked]


def said(method: Callable[..., object], arguments: dict[str, object]) -> str:
    try:
        found = method(**arguments)
    except sa.exc.NoSuchTableError as error:
        return repr(error)
    # Types compare by identity; their texts compare by meaning.
    return repr(sorted(found.items(), key=repr) if isinstance(found, dict) else found)


@pytest.mark.parametrize("schema", ["shop", "base", "information_schema"])
def test_sqlalchemy_reflects_a_whole_schema(engines, schema: str):
    ours, theirs = (reflected(engine, schema) for engine in engines)
    assert ours == theirs
    assert len(ours) > 13


def reflected(engine: sa.Engine, schema: str) -> list[str]:
    metadata = sa.MetaData()
    metadata.reflect(engine, schema=schema, views=True)
    tables = sorted(metadata.tables.values(), key=lambda table: table.name)
    return [
        _ADDRESS.sub("", repr((table, table.comment, sorted(map(described, hung_on(table))))))
        for table in tables
    ]


def hung_on(table: sa.Table) -> tuple[sa.Constraint | sa.Index, ...]:
    return (*table.constraints, *table.indexes)


def described(item: sa.Constraint | sa.Index) -> str:
    text = str(getattr(item, "sqltext", ""))
    return _ADDRESS.sub("", f"{item!r} {text} {item.dialect_kwargs}")


_ADDRESS = re.compile(" (object )?at 0x[0-9a-f]+")


# A foreign table is a way out of the database: it is not read unless the policy declares it open.
FOREIGN = [
    "# The error was: foreign-data wrappe",
    "# The error was: relation shop.far i",
    "DETAIL:  无法从该视图、物化视图、外部表或者序列中可靠地去除封存",
    "HINT:  rule unvetted-view",
]
DJANGO = [
    ("inspectdb",),
    ("inspectdb", "--include-partitions", "--include-views"),
    ("check", "--database", "default"),
    ("showmigrations", "--plan"),
    ("migrate", "--check"),
    ("makemigrations", "--check", "--dry-run"),
    ("sqlmigrate", "auth", "0001"),
]


@pytest.mark.parametrize("arguments", DJANGO, ids=" ".join)
def test_django_says_the_same(shop: Site, tmp_path: Path, arguments: tuple[str, ...]):
    ours, theirs = (
        django(tmp_path / str(port), shop.database.name, port, arguments)
        for port in (shop.port, shop.database.port)
    )
    compared = difflib.ndiff(theirs[1].splitlines(), ours[1].splitlines())
    different = [line for line in compared if not line.startswith("  ")]
    assert [line[2:38] for line in different] == (FOREIGN if arguments[0] == "inspectdb" else [])
    assert (ours[0], ours[2]) == (theirs[0], "")


def django(home: Path, database: str, port: int, arguments: tuple[str, ...]):
    """Exit code and output of one of Django's commands."""
    home.mkdir()
    settings = SETTINGS.format(
        database=database, host=HOST, port=port, user=USER, password=PASSWORD
    )
    (home / "project_settings.py").write_text(settings, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "django", *arguments, "--settings", "project_settings"],
        capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "PYTHONPATH": str(home), "DJANGO_COLORS": "nocolor"},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr
