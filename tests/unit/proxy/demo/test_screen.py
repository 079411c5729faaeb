from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from proxy.demo.scene import Entry, Lines, Panel, Refusal, Rows, Scene, Words
from proxy.demo.screen import WIDTH_PIPED, Screen, terminal_screen

LABEL = Words("标签", "label")
REFUSAL = Refusal("42501", "not for platforms", "不向平台提供", "rule platform-protected")
ENTRY = Entry(12, "decision", {"verdict": "refuse", "rule": "platform-protected", "principal": "p"})


def scene(*answers, recorded=None) -> Scene:
    panels = tuple(Panel(LABEL, answer) for answer in answers)
    return Scene(
        Words("标题", "title"), Words("缘由", "why"), "desk", "SELECT 1", panels,
        Words("所见", "shown"), recorded,
    )  # fmt: skip


def drawn(shown: Scene, *, width: int = 100, terminal: bool = False) -> str:
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=terminal, highlight=False)
    Screen(console, paced=False).show(1, 7, shown)
    return file.getvalue()


def test_a_step_is_told_in_both_languages():
    text = drawn(scene(Lines(("one",))))
    for words in (
        "标题",
        "title",
        "缘由",
        "why",
        "所见",
        "shown",
        "标签",
        "label",
        "desk ▸ SELECT 1",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Rows(("name",), (("示例",),), "SELECT 1"), ["name", "示例"]),
        (Rows(("name",), ((None,),), "SELECT 1"), ["∅"]),
        (Rows((), (), "UPDATE 0"), ["UPDATE 0"]),
        (
            REFUSAL,
            [
                "ERROR 42501: not for platforms",
                "DETAIL:  不向平台提供",
                "HINT:  rule platform-protected",
            ],
        ),
        (Refusal("22012", "division by zero", "", ""), ["ERROR 22012: division by zero\n"]),
        (Lines(("first", "second")), ["first", "second"]),
    ],
    ids=["rows", "null", "tag", "refusal", "error", "lines"],
)
def test_every_answer_is_shown(answer, expected):
    text = drawn(scene(answer))
    assert all(piece in text for piece in expected)


def test_what_an_error_does_not_have_is_not_shown():
    text = drawn(scene(Refusal("22012", "division by zero", "", "")))
    assert "DETAIL" not in text
    assert "HINT" not in text


def test_the_ledgers_line_names_the_entry_and_its_rule():
    text = drawn(scene(REFUSAL, recorded=ENTRY))
    assert "ledger ▸ #12  refuse  platform-protected · p" in text
    assert "ledger ▸" not in drawn(scene(REFUSAL))


@pytest.mark.parametrize(
    ("header", "outcome"),
    [({"event": "granted", "permit": "xk-1"}, "granted  xk-1"), ({"severity": "alarm"}, "alarm")],
    ids=["permit", "finding"],
)
def test_an_entry_that_is_no_decision_says_what_happened(header, outcome):
    text = drawn(scene(REFUSAL, recorded=Entry(7, "any", header)))
    assert f"ledger ▸ #7  {outcome}" in text


@pytest.mark.parametrize(("width", "lines_count"), [(100, 1), (40, 2)], ids=["wide", "narrow"])
def test_answers_stand_side_by_side_where_they_fit(width, lines_count):
    text = drawn(scene(Lines(("left" * 5,)), Lines(("right" * 5,))), width=width)
    holding = [line for line in text.splitlines() if "left" in line or "right" in line]
    assert len(holding) == lines_count


def test_what_does_not_fit_beside_stands_below():
    text = drawn(scene(Lines(("a" * 20,)), Lines(("b" * 20,)), Lines(("c" * 20,))), width=60)
    holding = [line.split() for line in text.splitlines() if "aaa" in line or "ccc" in line]
    assert holding == [["a" * 20, "b" * 20], ["c" * 20]]


@pytest.mark.parametrize("width", [40, 60])
def test_a_narrow_terminal_shows_every_letter(width):
    long = "封存的记录不得向平台提供或者授权相关平台对接请停止访问保存此类记录的表"
    number = "xk-20261128-" + "a" * 20
    recorded = Entry(12, "permit", {"event": "granted", "reason": long, "permit": number})
    rows = Rows(("姓名 name", "证号 identity"), ((long, "999999200405100013"),), "")
    shown = scene(rows, Refusal("42501", "no", long, "rule"), recorded=recorded)
    lines = drawn(replace(shown, shown=Words(long, "shown")), width=width).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert "…" not in "".join(lines)
    text = "".join(line.strip("│ ") for line in lines)
    assert text.replace(" ", "").count(long[-6:]) >= 2


def test_a_heading_stands_in_two_lines_where_it_needs_them():
    titled = replace(scene(REFUSAL), title=Words("标题" * 8, "a title of some length"))
    wide, narrow = (drawn(titled, width=width).splitlines()[1:3] for width in (100, 50))
    assert "a title of some length" in wide[0]
    assert "a title of some length" not in narrow[0]
    assert "a title of some length" in narrow[1]


def test_acts_and_the_end_are_told_in_both_languages():
    file = io.StringIO()
    screen = Screen(Console(file=file, width=60), paced=False)
    screen.act(Words("第一幕", "the first act"))
    screen.closing(Rows(("类别", "条"), (("判定", "34"),), ""), Words("完", "the end"))
    text = file.getvalue()
    assert all(each in text for each in ("第一幕", "the first act", "判定", "34", "完", "the end"))


def test_the_end_stands_below_what_the_terminal_shows_of_ctrl_c_and_says_what_is_kept(tmp_path):
    file = io.StringIO()
    file.write("^C")
    screen = Screen(Console(file=file, width=80), paced=False)
    screen.ending(tmp_path / "kept")
    first, *rest = file.getvalue().splitlines()
    assert first == "^C"
    assert "Stopping." in "".join(rest)
    assert rest[-1].endswith(f"kept in {tmp_path / 'kept'}")
    screen.ending(None)
    assert file.getvalue().count("kept in") == 1


@pytest.mark.parametrize(("columns", "width"), [("60", 60), ("", WIDTH_PIPED), ("x", WIDTH_PIPED)])
def test_a_pipe_is_as_wide_as_somebody_says(monkeypatch, capsys, columns, width):
    monkeypatch.setenv("COLUMNS", columns)
    terminal_screen(paced=False).show(1, 2, scene(Lines(("word " * 40,))))
    lines = capsys.readouterr().out.splitlines()
    assert width - 12 <= max(map(cell_len, lines)) <= width


def test_a_pipe_gets_no_colour_and_no_trailing_space():
    text = drawn(scene(Rows(("n",), (("1",),), "SELECT 1"), recorded=ENTRY))
    assert "\x1b" not in text
    assert all(line == line.rstrip() for line in text.splitlines())


def test_a_terminal_gets_colour():
    assert "\x1b[" in drawn(scene(REFUSAL), terminal=True)


def test_what_may_be_copied_is_not_wrapped():
    file = io.StringIO()
    command = "fengcun " + "x" * 300
    Screen(Console(file=file, width=60), paced=False).standing([(LABEL, command)])
    assert command in file.getvalue()


def test_setting_up_is_a_line_each_and_shows_what_came_of_it():
    file = io.StringIO()
    screen = Screen(Console(file=file, width=100), paced=False)
    with screen.preparing(Words("密钥", "keys")) as tell:
        tell("demo.example")
    with screen.loading(Words("数据", "data")) as (advance, tell):
        advance(1, 2)
        tell("2 rows")
    first, second = file.getvalue().splitlines()
    assert first.split()[:4] == ["✓", "密钥", "keys", "demo.example"]
    assert second.split()[:5] == ["✓", "数据", "data", "2", "rows"]


def test_what_came_of_setting_up_stands_below_where_it_is_narrow():
    file = io.StringIO()
    screen = Screen(Console(file=file, width=50), paced=False)
    with screen.preparing(Words("密钥", "keys")) as tell:
        tell("demo.example/" + "f" * 30)
    first, second = file.getvalue().splitlines()
    assert first.split()[:3] == ["✓", "密钥", "keys"]
    assert second.strip() == "demo.example/" + "f" * 30


def test_a_paced_tour_waits_between_steps_and_not_after_the_last(monkeypatch):
    console = Console(file=io.StringIO(), force_terminal=True)
    waited = []
    monkeypatch.setattr(console, "input", lambda prompt: waited.append(prompt))
    screen = Screen(console, paced=True)
    for number in (1, 2, 3):
        screen.show(number, 3, scene(REFUSAL))
    assert len(waited) == 2


def test_pacing_ends_with_the_input(monkeypatch):
    console = Console(file=io.StringIO(), force_terminal=True)
    asked = []

    def ended(prompt):
        asked.append(prompt)
        raise EOFError

    monkeypatch.setattr(console, "input", ended)
    screen = Screen(console, paced=True)
    for number in (1, 2, 3):
        screen.show(number, 4, scene(REFUSAL))
    assert len(asked) == 1


def test_nobody_is_waited_for_in_a_pipe(capsys):
    screen = terminal_screen(paced=True)
    screen.opening(Words("故事", "a story"))
    screen.show(1, 2, scene(REFUSAL))
    assert "封存 Fengcun" in capsys.readouterr().out
