"""The API's routes of batch checks: begin one, how it stands, and what it answered."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from aiohttp import web
from pydantic import Field

from proxy.desk.batch.answers import Answer, csv_file
from proxy.desk.batch.desk import BatchDesk, Progress
from proxy.desk.errors import DeskError
from proxy.desk.front.problem import problem_of
from proxy.desk.front.routes import NUMBER, Call, Front, Route, json_answer
from proxy.desk.front.shapes import ProblemShape, Shape
from proxy.desk.model import Officer

RUN: Final = "{run:[1-9][0-9]{0,5}}"
"""Which check under a permit, in a path."""
CSV: Final = "text/csv"


class RunShape(Shape):
    """Which check under the permit. One that was done is not done again / 第几次核查."""

    run: Annotated[int, Field(ge=1, le=999_999)] = 1


class BatchShape(Shape):
    """How it stands with a permit's checks / 名单核查进度."""

    runs: int
    """How many are on record, the first to this one / 已完成次数."""
    running: bool
    done: int
    """Of the one under way, how many people were looked up / 已查人数."""
    people: int
    """How many are on the list / 名单人数."""
    problem: ProblemShape | None
    """Why the last one that was begun came to nothing: nothing was counted, begin it again."""


class PersonAnswered(Shape):
    """A number as it was given, and the answer: 无 or 有 a record to report."""

    number: str
    answer: Literal["no-record", "record"]


class AnswersShape(Shape):
    """What one check answered, in the order of the list / 名单核查答复."""

    permit: str
    run: int
    answers: tuple[PersonAnswered, ...]


def checks(front: Front) -> BatchDesk:
    """Raises `DeskError` where there are none."""
    if front.batch is None:
        raise DeskError("no-look-up")
    return front.batch


async def answers_file(front: Front, officer: Officer, number: str, run: str) -> web.Response:
    """The unit's file. Raises `DeskError`."""
    answers = await checks(front).answers(officer, number, int(run))
    name = f'attachment; filename="{number}-{answers.run}.csv"'
    return web.Response(
        body=csv_file(answers),
        content_type=CSV,
        charset="utf-8",
        headers={"Content-Disposition": name},
    )


async def _begin(call: Call) -> web.Response:
    run = call.body.run if isinstance(call.body, RunShape) else 1
    found = checks(call.front).begin(call.officer, call.number, run)
    return json_answer(_shown(found), 202)


async def _progress(call: Call) -> web.Response:
    return json_answer(_shown(checks(call.front).progress(call.officer, call.number)))


async def _answers(call: Call) -> web.Response:
    run = int(call.request.match_info["run"])
    found = await checks(call.front).answers(call.officer, call.number, run)
    people = tuple(
        PersonAnswered(number=number, answer=_SHOWN[answer]) for number, answer in found.people
    )
    return json_answer(AnswersShape(permit=found.permit, run=found.run, answers=people))


async def _file(call: Call) -> web.Response:
    return await answers_file(call.front, call.officer, call.number, call.request.match_info["run"])


_SHOWN: Final[dict[Answer, Literal["no-record", "record"]]] = {
    Answer.NO_RECORD: "no-record",
    Answer.RECORD: "record",
}


def _shown(found: Progress) -> BatchShape:
    return BatchShape(
        runs=found.runs,
        running=found.running,
        done=found.done,
        people=found.people,
        problem=None if found.failed is None else problem_of(found.failed).shape(),
    )


BATCH_ROUTES: Final = (
    Route(
        "POST", f"/applications/{NUMBER}/batch", _begin, "Begin a batch check / 名单核查",
        BatchShape, status=202, body=RunShape, problems=(403, 404, 409, 503),
    ),
    Route(
        "GET", f"/applications/{NUMBER}/batch", _progress, "How it stands / 核查进度", BatchShape,
        problems=(403, 404, 409, 503),
    ),
    Route(
        "GET", f"/applications/{NUMBER}/batch/{RUN}", _answers, "What it answered / 核查答复",
        AnswersShape, problems=(403, 404, 409, 503),
    ),
    Route(
        "GET", f"/applications/{NUMBER}/batch/{RUN}.csv", _file, "The unit's file / 答复文件", CSV,
        problems=(403, 404, 409, 503),
    ),
)  # fmt: skip
"""Batch checks (未成年人保护法第62条)."""
