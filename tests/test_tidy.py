"""The rules of the house, each a function over the tree of files and each seen to fail.

A rule that stands in the way of good sense is changed here, in the same commit as the code.
"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[1]

TOP_LEVEL = {
    *(".ci", ".dockerignore", ".gitignore", "Makefile", "pyproject.toml"),
    *("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "README.zh-CN.md", "SECURITY.md"),
    *("config", "deploy", "docs", "ledger", "proxy", "tests"),
}
MADE_BY_TOOLS = {
    *(".git", ".venv", "build", "dist", ".coverage", ".fengcun-demo"),
    *(".fuzzing", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", "__pycache__"),
}

# Low to high. A module imports from lower steps and from its own folder, never sideways.
STEPS = (
    {"names", "errors"},
    {"wire", "statement"},
    {"policy"},
    {"rewrite", "result"},
    {"session"},
    {"payload", "settings", "telemetry"},
    {"record", "upstream"},
    {"desk"},
    {"server"},
    {"demo"},
    {"cli"},
)
HEIGHT = {name: height for height, names in enumerate(STEPS) for name in names}
IMPORT_THE_LEDGER = {"record", "demo", "cli"}
IMPORT_A_PART = {"desk": "ledger.accounts"}

PURE = (
    *(f"proxy/{name}/" for name in ("wire", "statement", "policy", "rewrite", "result", "session")),
    "proxy/payload.py",
    *(f"ledger/{name}.py" for name in ("entry", "merkle", "tile", "note", "checkpoint", "wal")),
    *(f"ledger/portal/{name}.py" for name in ("access", "beijing", "rows", "words")),
    *(f"ledger/portal/index/{name}.py" for name in ("headline", "model")),
    *(
        f"ledger/portal/proof/{name}.py"
        for name in ("fields", "grammar", "one_access", "statement", "verdict", "words")
    ),
    *(f"ledger/portal/{name}/" for name in ("findings", "leads", "statistics")),
    *(f"ledger/portal/opinions/{name}.py" for name in ("entries", "model", "words")),
)
IMPURE_MODULES = {"asyncio", "socket", "time", "random", "os", "logging"}

FILE_LINES_MAX = 399
FUNCTION_LINES_MAX = 59
LINE_CHARACTERS_MAX = 100

NAMELESS_NAMES = {"util", "utils", "helper", "helpers", "common", "manager", "core", "misc"}

# Sources with functions and no unit test of their own. May only get shorter.
WITHOUT_UNIT_TEST: set[str] = set()

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
MAKING_OF = re.compile(
    r"/work/|\b(the|your) brief\b|\bsub-?agents?\b|\bClaude\b|\bChatGPT\b|\bLLMs?\b"
    r"|\banother developer\b|\bas requested\b|\bissue #?\d|\bin this session\b|\bthe prompt\b",
    re.IGNORECASE,
)
LOG_METHODS = {"debug", "info", "warning", "error", "exception", "critical"}

Tree = Mapping[str, str]
"""Path from the root, with slashes -> text."""


def tree_on_disk() -> dict[str, str]:
    files = {}
    for entry in sorted(ROOT.iterdir()):
        if entry.name in MADE_BY_TOOLS:
            continue
        for path in [entry] if entry.is_file() else sorted(entry.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                name = path.relative_to(ROOT).as_posix()
                picture = path.suffix == ".png"
                files[name] = "" if picture else path.read_text(encoding="utf-8", errors="replace")
    return files


@cache
def parsed(text: str) -> ast.Module:
    return ast.parse(text)


def python(tree: Tree, *prefixes: str) -> Iterator[tuple[str, str, ast.Module]]:
    """Path, text and syntax tree of the Python files under `prefixes`, or of all."""
    for path, text in tree.items():
        if path.endswith(".py") and path.startswith(prefixes or ("",)):
            yield path, text, parsed(text)


def imports(path: str, module: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and absolute dotted name of everything imported, wherever it stands in the file."""
    package = PurePosixPath(path).parent.parts
    for node in ast.walk(module):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=name, names=names, level=level):
                above = package[: len(package) - level + 1] if level else ()
                source = ".".join((*above, *([name] if name else [])))
                yield from ((node.lineno, f"{source}.{alias.name}") for alias in names)


def part(dotted: str) -> str | None:
    """``proxy.wire.postgres.frames`` -> ``wire``; None for what is not the proxy's."""
    names = dotted.split(".")
    return names[1] if names[0] == "proxy" and len(names) > 1 else None


def imports_point_downwards(tree: Tree) -> Iterator[str]:
    for path, _, module in python(tree, "proxy/"):
        here = part(path.removesuffix(".py").replace("/", "."))
        if here is None or here.startswith("__"):
            continue
        if here not in HEIGHT:
            yield f"{path}: `{here}` has no place in STEPS"
            continue
        for line, dotted in imports(path, module):
            there = part(dotted)
            if there != here and there in HEIGHT and HEIGHT[there] >= HEIGHT[here]:
                yield f"{path}:{line}: {here} must not import {there}"


def the_ledger_stands_alone(tree: Tree) -> Iterator[str]:
    for path, _, module in python(tree, "proxy/", "ledger/"):
        for line, dotted in imports(path, module):
            target = dotted.split(".")[0]
            here = part(path.removesuffix(".py").replace("/", "."))
            if path.startswith("ledger/") and target == "proxy":
                yield f"{path}:{line}: the ledger must not import the proxy"
            if path.startswith("proxy/") and target == "ledger" and here not in IMPORT_THE_LEDGER:
                shared = IMPORT_A_PART.get(here or "")
                if shared is None or not f"{dotted}.".startswith(f"{shared}."):
                    yield f"{path}:{line}: only {sorted(IMPORT_THE_LEDGER)} import the ledger"


def pure_code_has_no_effects(tree: Tree) -> Iterator[str]:
    for path, _, module in python(tree, *PURE):
        for line, dotted in imports(path, module):
            if dotted.split(".")[0] in IMPURE_MODULES:
                yield f"{path}:{line}: pure code must not import {dotted}"


def files_and_functions_are_short(tree: Tree) -> Iterator[str]:
    for path, text, module in python(tree):
        lines = text.splitlines()
        if len(lines) > FILE_LINES_MAX:
            yield f"{path}: {len(lines)} lines"
        for number, line in enumerate(lines, start=1):
            if len(line) > LINE_CHARACTERS_MAX:
                yield f"{path}:{number}: {len(line)} characters"
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES_MAX:
                    yield f"{path}:{node.lineno}: {node.name} has {length} lines"


def nothing_is_any(tree: Tree) -> Iterator[str]:
    for path, _, module in python(tree, "proxy/", "ledger/"):
        if path.startswith("proxy/settings"):
            continue
        for node in ast.walk(module):
            match node:
                case ast.Name(id="Any") | ast.Attribute(attr="Any"):
                    yield f"{path}:{node.lineno}: Any"


def dataclasses_have_slots(tree: Tree) -> Iterator[str]:
    for path, _, module in python(tree, "proxy/", "ledger/"):
        for node in ast.walk(module):
            if not isinstance(node, ast.ClassDef):
                continue
            for decorator in node.decorator_list:
                if "dataclass" not in ast.unparse(decorator):
                    continue
                keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
                if not any(keyword.arg == "slots" for keyword in keywords):
                    yield f"{path}:{node.lineno}: {node.name} is a dataclass without slots"


def log_messages_are_constant(tree: Tree) -> Iterator[str]:
    for path, _, module in python(tree, "proxy/", "ledger/"):
        for node in ast.walk(module):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id=name), attr=method), args=arguments
                ) if name.strip("_").lower() in {"log", "logger"} and method in LOG_METHODS:
                    if len(arguments) != 1 or not isinstance(arguments[0], ast.Constant):
                        yield f"{path}:{node.lineno}: say it in one constant and `extra` fields"


def sources_have_their_unit_test(tree: Tree) -> Iterator[str]:
    for path, _, module in python(tree, "proxy/", "ledger/"):
        source = PurePosixPath(path)
        functions = ast.FunctionDef | ast.AsyncFunctionDef
        if source.name == "__main__.py" or not any(
            isinstance(node, functions) for node in ast.walk(module)
        ):
            continue
        mirror = f"tests/unit/{source.parent}/test_{source.name}"
        if (mirror in tree) == (path in WITHOUT_UNIT_TEST):
            listed = "has a test now: take it off the list" if mirror in tree else "is missing"
            yield f"{path}: {mirror} {listed}"


def the_list_of_untested_sources_is_current(tree: Tree) -> Iterator[str]:
    yield from (f"{path}: listed, but gone" for path in WITHOUT_UNIT_TEST if path not in tree)


def file_names_say_what_is_inside(tree: Tree) -> Iterator[str]:
    for path in tree:
        for name in PurePosixPath(path).with_suffix("").parts:
            if name.removeprefix("test_").strip("_") in NAMELESS_NAMES:
                yield f"{path}: `{name}` says nothing"


def the_text_is_about_the_project(tree: Tree) -> Iterator[str]:
    for path, text in tree.items():
        if path == "tests/test_tidy.py":
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            if found := UNFINISHED.search(line) or MAKING_OF.search(line):
                yield f"{path}:{number}: `{found[0]}`"


def files_end_with_a_newline(tree: Tree) -> Iterator[str]:
    yield from (f"{path}: no newline" for path, text in tree.items() if text and text[-1] != "\n")


def the_top_level_is_what_we_chose(tree: Tree) -> Iterator[str]:
    yield from sorted({path.split("/")[0] for path in tree} - TOP_LEVEL)


LONG_FUNCTION = "def long():\n" + "    pass\n" * FUNCTION_LINES_MAX
PURE_FILES = [f"{path}a.py" if path.endswith("/") else path for path in PURE]
BY_NAME = "from ledger.client import NotaryClient\n"

Rule = Callable[[Tree], Iterator[str]]

# What breaks each rule: a file, and what is in it.
SABOTAGE: list[tuple[Rule, str, str]] = [
    (imports_point_downwards, "proxy/wire/a.py", "from proxy.policy import decision\n"),
    (imports_point_downwards, "proxy/wire/a.py", "def f():\n    import proxy.cli\n"),
    (imports_point_downwards, "proxy/rewrite/a.py", "from proxy import result\n"),
    (imports_point_downwards, "proxy/rewrite/a.py", "from ..result import rows\n"),
    (imports_point_downwards, "proxy/record/line.py", "import proxy.upstream.pool\n"),
    (imports_point_downwards, "proxy/elsewhere/a.py", "x = 1\n"),
    (the_ledger_stands_alone, "ledger/store.py", "from proxy.names import Span\n"),
    (the_ledger_stands_alone, "ledger/portal/pages.py", "import proxy\n"),
    (the_ledger_stands_alone, "proxy/session/a.py", BY_NAME),
    (the_ledger_stands_alone, "proxy/server/a.py", "import ledger\n"),
    (the_ledger_stands_alone, "proxy/server/a.py", "import ledger.accounts.passwords\n"),
    (the_ledger_stands_alone, "proxy/desk/a.py", BY_NAME),
    (the_ledger_stands_alone, "proxy/desk/a.py", "import ledger.accounts_of_others\n"),
    *[(pure_code_has_no_effects, path, "import os.path\n") for path in PURE_FILES],
    *[(pure_code_has_no_effects, "ledger/tile.py", f"import {name}\n") for name in IMPURE_MODULES],
    (files_and_functions_are_short, "proxy/a.py", "x = 1\n" * (FILE_LINES_MAX + 1)),
    (files_and_functions_are_short, "tests/a.py", LONG_FUNCTION),
    (files_and_functions_are_short, "ledger/a.py", "async " + LONG_FUNCTION),
    (files_and_functions_are_short, "proxy/a.py", f"x = '{'x' * LINE_CHARACTERS_MAX}'\n"),
    (nothing_is_any, "proxy/wire/a.py", "from typing import Any\nx: Any = 1\n"),
    (nothing_is_any, "ledger/a.py", "import typing\nx: list[typing.Any] = []\n"),
    (dataclasses_have_slots, "proxy/a.py", "@dataclass\nclass A: ...\n"),
    (dataclasses_have_slots, "ledger/a.py", "@dataclasses.dataclass(frozen=True)\nclass A: ...\n"),
    (log_messages_are_constant, "proxy/server/a.py", "logger.info(f'refused {text}')\n"),
    (log_messages_are_constant, "proxy/server/a.py", "_LOG.error('refused %s', text)\n"),
    (sources_have_their_unit_test, "proxy/wire/a.py", "def f(): ...\n"),
    (file_names_say_what_is_inside, "proxy/wire/utils.py", ""),
    (file_names_say_what_is_inside, "tests/test_helpers.py", ""),
    (file_names_say_what_is_inside, "ledger/core/a.py", ""),
    (the_text_is_about_the_project, "README.md", "TODO: write\n"),
    (the_text_is_about_the_project, "proxy/a.py", "# as requested in issue 12\n"),
    (the_text_is_about_the_project, "deploy/a.yml", "path: /work/main\n"),
    (files_end_with_a_newline, "README.md", "Fengcun"),
    (the_top_level_is_what_we_chose, "notes.txt", "\n"),
    (the_top_level_is_what_we_chose, "scratch/a.py", "\n"),
]
RULES = list(dict.fromkeys([rule for rule, _, _ in SABOTAGE]))
RULES.append(the_list_of_untested_sources_is_current)

# Near to what breaks a rule, and allowed.
ALLOWED: list[tuple[Rule, str, str]] = [
    (imports_point_downwards, "proxy/session/a.py", "from proxy.session.b import x\n"),
    (imports_point_downwards, "proxy/session/a.py", "from proxy.policy import decision\n"),
    (the_ledger_stands_alone, "proxy/record/line.py", BY_NAME),
    (the_ledger_stands_alone, "proxy/desk/a.py", "from ledger.accounts import passwords\n"),
    (pure_code_has_no_effects, "ledger/store.py", "import os\n"),
    (nothing_is_any, "proxy/settings.py", "from typing import Any\nx: Any = 1\n"),
    (log_messages_are_constant, "proxy/a.py", "logger.info('stopped', extra={'port': 1})\n"),
    (sources_have_their_unit_test, "proxy/names.py", "class Name(str): ...\n"),
    (the_text_is_about_the_project, "README.md", "The session's user-agent is an issue.\n"),
]


def _named(value: object) -> str | None:
    return getattr(value, "__name__", None)


@pytest.fixture(scope="module")
def tree() -> Tree:
    return tree_on_disk()


@pytest.mark.parametrize("rule", RULES, ids=_named)
def test_the_tree_keeps(rule: Rule, tree: Tree):
    findings = list(rule(tree))
    assert not findings, "\n" + "\n".join(findings)


@pytest.mark.parametrize(("rule", "path", "text"), SABOTAGE, ids=_named)
def test_the_rule_catches(rule: Rule, path: str, text: str):
    assert list(rule({path: text}))


@pytest.mark.parametrize(("rule", "path", "text"), ALLOWED, ids=_named)
def test_the_rule_allows(rule: Rule, path: str, text: str):
    assert not list(rule({path: text}))


def test_an_untested_source_must_leave_the_list_once_it_has_its_test(monkeypatch):
    monkeypatch.setattr(f"{__name__}.WITHOUT_UNIT_TEST", {"proxy/a.py"}, raising=True)
    with_test = {"proxy/a.py": "def f(): ...\n", "tests/unit/proxy/test_a.py": "\n"}
    assert list(sources_have_their_unit_test(with_test))
    assert not list(sources_have_their_unit_test({"proxy/a.py": "def f(): ...\n"}))
    assert list(the_list_of_untested_sources_is_current({}))


def test_the_tree_is_read_at_all(tree: Tree):
    assert {"proxy/__init__.py", "ledger/__init__.py", "pyproject.toml"} <= tree.keys()
    assert len(list(python(tree, "proxy/", "ledger/"))) > 20
