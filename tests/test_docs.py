"""Documentation that can fail: what a page names exists, and both first pages say the same."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from proxy.cli.groups import GROUPS, load_group
from proxy.cli.main import app
from proxy.demo.tour import build_register
from proxy.settings import Settings, load_law, load_settings
from proxy.telemetry.metrics import Metrics

ROOT = Path(__file__).parents[1]
ENGLISH, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
CHANGES = ROOT / "CHANGELOG.md"
"""The page that names what is gone, too."""
PAGES = sorted(
    path
    for folder in (ROOT, *(ROOT / name for name in ("proxy", "ledger", "deploy", "config", "docs")))
    for path in folder.glob("*.md")
)
COMMANDS = get_command(app)
assert isinstance(COMMANDS, TyperGroup)
COMMANDS.commands.update({name: load_group(name) for name in GROUPS})

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^(#{1,6}) (.+)$", re.MULTILINE)
_COMMAND = re.compile(r"(?<![\w/.@-])fengcun ((?!fengcun)[a-z][^\n|;)>]*)")


def blocks(path: Path, language: str) -> list[str]:
    """What stands in fences of one language."""
    text = path.read_text(encoding="utf-8")
    return [body for named, body in _FENCE.findall(text) if named == language]


def prose(path: Path) -> str:
    """The page without its fences."""
    return _FENCE.sub("", path.read_text(encoding="utf-8"))


def commands(path: Path) -> Iterator[str]:
    """Every `fengcun ...` in shell blocks, transcripts and inline code, without the first word."""
    shell = "\n".join(blocks(path, "sh")).replace("\\\n", " ")
    typed = [line[2:] for body in blocks(path, "console") for line in body.splitlines()
             if line.startswith("$ ")]  # fmt: skip
    for text in (shell, *typed, *_INLINE.findall(prose(path))):
        yield from (found[1] for found in _COMMAND.finditer(text))


def unknown(typed: str) -> str | None:
    """What of a command line does not exist; None if all of it does."""
    words = shlex.split(typed, comments=True)
    command = COMMANDS
    while isinstance(command, TyperGroup):
        if words and words[0].startswith("--") and command.invoke_without_command:
            break  # a group that does something by itself, as `fengcun portal`
        if not words or words[0] not in command.commands:
            # `fengcun keys` alone names the group.
            return None if not words and command is not COMMANDS else f"command {words[:1]}"
        command = command.commands[words.pop(0)]
    known = {"--help", *(name for parameter in command.params for name in parameter.opts)}
    return next((f"option {w}" for w in words if w.startswith("--") and w not in known), None)


def every_command() -> Iterator[tuple[str, ...]]:
    waiting: list[tuple[tuple[str, ...], object]] = [((), COMMANDS)]
    while waiting:
        path, command = waiting.pop()
        if isinstance(command, TyperGroup):
            waiting += [((*path, name), under) for name, under in command.commands.items()]
        else:
            yield path


def slug(heading: str) -> str:
    """A heading's anchor, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def by_name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_every_command_on_a_page_exists_with_its_options(page):
    wrong = {typed: what for typed in commands(page) if (what := unknown(typed))}
    assert not wrong


@pytest.mark.parametrize("path", list(every_command()), ids=" ".join)
def test_every_command_explains_itself(path):
    result = CliRunner().invoke(app, [*path, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_every_make_target_on_a_page_exists(page):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = "\n".join([*blocks(page, "sh"), *_INLINE.findall(prose(page))])
    assert set(re.findall(r"(?<!\w)make ([a-z]+)", text)) <= targets


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_every_link_leads_somewhere(page):
    for link in _LINK.findall(prose(page)):
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        if anchor:
            headings = _HEADING.findall(target.read_text(encoding="utf-8"))
            assert anchor in {slug(heading) for _, heading in headings}, link


@pytest.mark.parametrize("page", [page for page in PAGES if page != CHANGES], ids=by_name)
def test_every_metric_on_a_page_exists(page):
    families = list(Metrics().registry.collect())
    known = {family.name for family in families}
    known |= {f"{family.name}_total" for family in families if family.type == "counter"}
    named = set(re.findall(r"\bfengcun_[a-z_]+[a-z]\b", page.read_text(encoding="utf-8")))
    assert named <= known


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_every_section_of_the_configuration_on_a_page_exists(page):
    named = re.findall(r"`\[(\w+)\]`", prose(page))
    assert set(named) <= Settings.model_fields.keys()


@pytest.mark.parametrize("page", [ENGLISH, CHINESE], ids=by_name)
def test_the_configuration_shown_is_one_that_loads(page, tmp_path):
    service, policy = blocks(page, "toml")
    (tmp_path / "fengcun.toml").write_text(service, encoding="utf-8")
    (tmp_path / "policy.toml").write_text(policy, encoding="utf-8")
    settings = load_settings(tmp_path / "fengcun.toml")
    assert settings.policy.file == tmp_path / "policy.toml"
    assert load_law(settings.policy.file).relations


@pytest.mark.parametrize("page", [ENGLISH, CHINESE], ids=by_name)
def test_the_transcript_counts_what_the_demo_loads(page):
    register, _ = build_register()
    assert f"{len(register.rows['case_person']):,}" in prose(page)


@pytest.mark.parametrize("page", [ENGLISH, CHINESE], ids=by_name)
def test_the_place_of_the_benchmark_is_marked_once(page):
    text = page.read_text(encoding="utf-8")
    assert text.count("<!-- bench:start -->") == text.count("<!-- bench:end -->") == 1
    assert text.index("<!-- bench:start -->") < text.index("<!-- bench:end -->")


def test_both_first_pages_have_the_same_shape():
    def shape(page: Path) -> list[str]:
        return [level for level, _ in _HEADING.findall(prose(page))]

    def items(page: Path) -> int:
        return len(re.findall(r"^(?:- |\| )", prose(page), re.MULTILINE))

    assert shape(ENGLISH) == shape(CHINESE)
    assert items(ENGLISH) == items(CHINESE)


@pytest.mark.parametrize("language", ["sh", "toml", "console"])
def test_both_first_pages_show_the_same_commands(language):
    def without_comments(page: Path) -> list[str]:
        return [re.sub(r" +#.*", "", body) for body in blocks(page, language)]

    assert without_comments(ENGLISH) == without_comments(CHINESE) != []


def test_both_first_pages_link_to_the_same_places_and_to_each_other():
    english, chinese = (_LINK.findall(prose(page)) for page in (ENGLISH, CHINESE))
    assert english[0] == CHINESE.name
    assert chinese[0] == ENGLISH.name
    assert english[1:] == chinese[1:]


@pytest.mark.parametrize(
    "typed",
    ["serve --confg F", "bless", "ledger bless", "ledger verify --log L --kee K", "demo --never"],
)
def test_a_command_that_does_not_exist_is_noticed(typed):
    assert unknown(typed)


@pytest.mark.parametrize(
    "typed", ["keys", "serve --config F", "ledger verify --log L --key K", "check --help"]
)
def test_a_command_that_exists_is_not(typed):
    assert unknown(typed) is None
