"""`fengcun permit batch`: a check of everybody on a permit's list, by the desk's API."""

from __future__ import annotations

import json
import sys
import time
from enum import Enum
from typing import Final

import typer

from proxy.cli.desk_client import DeskRefused, Json, Place, ask
from proxy.desk.batch.answers import Answer

LOOK_SECONDS: Final = 1.0


class Output(Enum):
    """How the answers are printed."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"


def run(place: Place, path: str, number: int, output: Output) -> None:
    """Begin the check, follow it, print what it answered. One that was done is given again and
    counts no more. Raises `DeskRefused`, `ConfigurationError`."""
    body = json.dumps({"run": number}).encode()
    found = ask(place, "POST", f"{path}/batch", body).json()
    told = None
    while found.get("running"):
        if told != (told := found.get("done")):
            _tell(f"已查 {told} / {found.get('people')} 人 / looked up")
        time.sleep(LOOK_SECONDS)
        found = ask(place, "GET", f"{path}/batch").json()
    problem, runs = found.get("problem"), found.get("runs")
    if isinstance(problem, dict) and not (isinstance(runs, int) and runs >= number):
        raise DeskRefused(
            f"{problem.get('title_zh')} / {problem.get('title')} ({problem.get('code')})\n"
            "  核查未完成，未计入使用次数，可以重新进行 /"
            " the check came to nothing and was not counted: run it again"
        )
    _print(place, f"{path}/batch/{number}", output)


def _print(place: Place, path: str, output: Output) -> None:
    if output is Output.CSV:
        sys.stdout.buffer.write(ask(place, "GET", f"{path}.csv").content)
        sys.stdout.buffer.flush()
        return
    answer = ask(place, "GET", path)
    if output is Output.JSON:
        typer.echo(answer.content)
        return
    for line in _lines(answer.json()):
        typer.echo(line)


def _lines(found: Json) -> list[str]:
    answers = found.get("answers")
    try:
        people = [] if not isinstance(answers, list) else [_line(each) for each in answers]
    except (TypeError, KeyError, ValueError):
        raise DeskRefused("the desk's answer is not understood: is this its address?") from None
    return [*people, f"共 {len(people)} 人 / in all"]


def _line(answered: Json) -> str:
    text = f"{answered['number']}  {Answer(answered['answer']).said}"
    return "".join(each if each.isprintable() else " " for each in text)


def _tell(text: str) -> None:
    """Beside what is printed, so that it goes into no file."""
    typer.echo(text, err=True)
