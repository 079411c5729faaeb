"""A year at the counter: who looks up eighteen people a day, day after day, is stopped, and who
looks up as many for cases is not.

    python -m tests.law.year --days 365 --seed 7

福州: one officer, nine months, 4,978 people, none of his queries large. Here he is asked for
through the sessions of the product under the shipped limits, beside colleagues and a police desk
that names cases. What he may have is said by `Book`, which is written apart from the budget.
"""

from __future__ import annotations

import argparse
import random
import secrets
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

from proxy.names import PrincipalName
from proxy.policy.limits import Limits
from proxy.server.spender import limits_of
from tests.conftest import AGENCY_FILES
from tests.drivers.raw import SYNC, execute, message, parse, query
from tests.law.officer import Clock, Desk, Site, World
from tests.scenarios.service import SHIPPED
from tests.world import PostgresWorld

HOUR, DAY = 3_600, 86_400
BEGIN = int(datetime(2027, 1, 4, tzinfo=UTC).timestamp())
SLACK_SECONDS = 300
"""A window may be so much longer than the policy says, and never shorter."""
LINE_EVERY_S = 60.0
LimitsOf = Mapping[PrincipalName, Limits]
POLICE_DESK = """
[[principal]]
name = "police-desk"
kind = "counter"
match = { user = "police" }
bulk = "refused"
[principal.limits]
subjects_per_day = 10
subjects_per_case = 40
cases_per_day = 20
"""
POLICY = f"{SHIPPED}\n{POLICE_DESK}"
WAYS = (
    "SELECT name FROM person WHERE id_no = {}",
    "SELECT cp.role FROM person p JOIN case_person cp USING (person_id) WHERE p.id_no = {}",
    "SELECT count(*) FROM case_person cp JOIN person p USING (person_id) WHERE p.id_no = {}",
)


@dataclass(frozen=True)
class Officer:
    """Who asks for how many people a day, and for how many of them he names one case; 0: none."""

    who: str
    principal: str
    operator: str
    people_per_day: int
    people_per_case: int = 0


OFFICERS = (
    Officer("eighteen a day", "query-desk", "021377", 18),
    Officer("eighteen a day, no name", "query-desk", "", 18),
    Officer("a colleague, five a day", "query-desk", "021378", 5),
    Officer("police, six cases a day", "police-desk", "031001", 18, 3),
    Officer("police, invents thirty cases a day", "police-desk", "031002", 30, 1),
)
NEVER_REFUSED = frozenset((OFFICERS[2].who, OFFICERS[3].who))
STOPPED = frozenset(each.who for each in OFFICERS) - NEVER_REFUSED


@dataclass(frozen=True)
class Question:
    """At a time somebody asks for a person, by this number of the site's."""

    at: int
    officer: Officer
    person: str
    case: str


class Window:
    """When each item was last served: how many there are in so many seconds before a time."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, int] = OrderedDict()

    def serve(self, item: str, at: int) -> None:
        self._last.pop(item, None)
        self._last[item] = at

    def with_it(self, item: str, since: int) -> int | None:
        """How many there were since then if it was served now; None if it is one of them."""
        if self._last.get(item, since) > since:
            return None
        found = 1
        for at in reversed(self._last.values()):
            if at <= since:
                break
            found += 1
        return found

    def may(self, item: str, now: int, limits: dict[int, int], slack: int) -> bool:
        counts = {span: self.with_it(item, now - span - slack) for span in limits}
        return all(n is None or n <= limits[span] for span, n in counts.items())


class Book:
    """What everybody may have, by the limits of the policy as they are written there."""

    def __init__(self, limits: LimitsOf) -> None:
        self._limits = limits
        self._windows: dict[tuple[str, ...], Window] = {}

    def _wanted(self, question: Question) -> Iterator[tuple[Window, str, dict[int, int]]]:
        officer, case = question.officer, question.case
        limits = self._limits[PrincipalName(officer.principal)]
        name = (officer.principal, officer.operator)
        if case and limits.subjects_per_case is not None:
            yield (
                self._window(officer.principal, "case", case),
                question.person,
                {365 * DAY: limits.subjects_per_case},
            )
            yield self._window(*name, "cases"), case, {DAY: limits.cases_per_day or 0}
            return
        windows = {
            HOUR: limits.subjects_per_hour,
            DAY: limits.subjects_per_day,
            30 * DAY: limits.subjects_per_30_days,
            365 * DAY: limits.subjects_per_year,
        }
        of_people = {span: most for span, most in windows.items() if most is not None}
        yield self._window(*name), question.person, of_people

    def _window(self, *key: str) -> Window:
        return self._windows.setdefault(key, Window())

    def may(self, question: Question, *, slack: int = 0) -> bool:
        """``slack`` seconds more of each window count."""
        return all(
            window.may(item, question.at, limits, slack)
            for window, item, limits in self._wanted(question)
        )

    def serve(self, question: Question) -> None:
        for window, item, _ in self._wanted(question):
            window.serve(item, question.at)


@dataclass
class Tally:
    """What came of one officer's year. ``stopped_on_day`` is the first with a refusal, from 1."""

    asked: int = 0
    served: int = 0
    people: set[str] = field(default_factory=set)
    stopped_on_day: int | None = None


@dataclass
class Result:
    tallies: dict[str, Tally]
    restarts: int = 0
    wrongly_served: list[Question] = field(default_factory=list)
    wrongly_refused: list[Question] = field(default_factory=list)

    def problems(self, days: int) -> list[str]:
        """Everything that must not be."""
        out = [f"served, over the limits: {each}" for each in self.wrongly_served[:3]]
        out += [f"refused, within the limits: {each}" for each in self.wrongly_refused[:3]]
        for who, tally in self.tallies.items():
            if who in NEVER_REFUSED and tally.served < tally.asked:
                out.append(f"{who}: refused on day {tally.stopped_on_day}")
            if who in STOPPED and days >= 365 and tally.stopped_on_day is None:
                out.append(f"{who}: never stopped")
        return out


def questions(chance: random.Random, day: int, numbers: Iterator[int]) -> list[Question]:
    """What is asked on a day, in order: of each person once or several times, at office hours."""
    out = []
    for officer in OFFICERS:
        for nth in range(officer.people_per_day):
            person = f"110105{next(numbers):012}"
            case = ""
            if officer.people_per_case:
                case = f"A-{officer.operator}-{day}-{nth // officer.people_per_case}"
            for _ in range(chance.choice((1, 1, 2, 4))):
                at = BEGIN + day * DAY + round(chance.uniform(8.5, 17.5) * HOUR)
                out.append(Question(at, officer, person, case))
    return sorted(out, key=lambda each: each.at)


def spelt(chance: random.Random, person: str) -> str:
    """One number, however it is typed."""
    return chance.choice((person, f" {person[:6]} {person[6:]}", person.replace("1", "１")))


def told(officer: Officer, case: str) -> str:
    """A comment that says who asks and for which case."""
    said = {"operator": officer.operator, "case": case}
    pairs = [f"{name}={value}" for name, value in said.items() if value]
    return f"/* {' '.join(pairs)} */ " if pairs else ""


class Counter:
    """One officer's session of one day. He tells who he is in settings, or in each text."""

    def __init__(self, site: Site, officer: Officer, chance: random.Random) -> None:
        self._desk = Desk(site, officer.principal, chance.randrange(2))
        self._officer, self._chance = officer, chance
        self._by_setting = chance.random() < 0.5
        self._case: str | None = None

    def close(self) -> None:
        self._desk.close()

    def serves(self, question: Question) -> bool:
        """Ask. Each text is recorded once, whatever comes of it."""
        prefix = "" if self._by_setting else told(self._officer, question.case)
        if self._by_setting and self._case != question.case:
            self._case = question.case
            self._desk.ask(query(f"SET fengcun.operator = '{self._officer.operator}'"))
            self._desk.ask(query(f"SET fengcun.case_no = '{question.case}'"))
        way, number = self._chance.choice(WAYS), spelt(self._chance, question.person)
        if self._chance.random() < 0.5:
            answer = self._desk.ask(query(prefix + way.format(f"'{number}'")))
        else:
            value = number.encode()
            size = len(value).to_bytes(4, "big")
            bound = message("B", b"\0\0\0\0\0\1" + size + value + b"\0\0")
            text = parse(prefix + way.format("$1"))
            answer = self._desk.ask(text, bound, execute(), SYNC)
        assert answer.recorded_count > 0
        assert answer.rule in ("", "subject-budget"), answer
        return not answer.rule


def play(
    world: World,
    days: int,
    seed: int,
    progress: Callable[[int, Result], None] = lambda day, result: None,
    *,
    limits: LimitsOf | None = None,
    kept: LimitsOf | None = None,
) -> Result:
    """So many days, under the limits of the world's policy or under others; ``kept`` are those that
    the budget keeps to instead."""
    chance, clock, numbers = random.Random(seed), Clock(BEGIN), count()
    limits = limits or limits_of(world.law)
    site, book = Site(world, kept or limits, clock), Book(limits)
    result = Result({officer.who: Tally() for officer in OFFICERS})
    for day in range(days):
        clock.now = BEGIN + day * DAY
        if chance.random() < 0.1:
            site.restart()
            result.restarts += 1
        counters = {officer.who: Counter(site, officer, chance) for officer in OFFICERS}
        for question in questions(chance, day, numbers):
            clock.now = question.at
            served = counters[question.officer.who].serves(question)
            judge(result, book, question, served=served, day=day + 1)
        for counter in counters.values():
            counter.close()
        progress(day + 1, result)
    return result


def judge(result: Result, book: Book, question: Question, *, served: bool, day: int) -> None:
    """One answer beside what it should have been."""
    tally = result.tallies[question.officer.who]
    tally.asked += 1
    if not served:
        tally.stopped_on_day = tally.stopped_on_day or day
        if book.may(question, slack=SLACK_SECONDS):
            result.wrongly_refused.append(question)
        return
    tally.served += 1
    tally.people.add(question.person)
    if not book.may(question):
        result.wrongly_served.append(question)
    book.serve(question)


def main() -> int:
    """Exit code 1 where somebody is served, or refused, who should not be."""
    parser = argparse.ArgumentParser(prog="python -m tests.law.year")
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 31))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    started = time.monotonic()
    with PostgresWorld() as postgres:
        postgres.create_template("year_template", AGENCY_FILES)
        world = World.of(postgres.create_database("year_template"), POLICY)
        result = play(world, arguments.days, arguments.seed, _progress(arguments.days))
    for who, tally in result.tallies.items():
        stopped = (
            f"stopped on day {tally.stopped_on_day}" if tally.stopped_on_day else "not stopped"
        )
        print(
            f"{who}: {stopped}; served {len(tally.people):,} people,"
            f" {tally.served:,} of {tally.asked:,} queries"
        )
    problems = result.problems(arguments.days)
    print(
        f"{arguments.days} days, {result.restarts} restarts,"
        f" {sum(tally.asked for tally in result.tallies.values()):,} queries in"
        f" {time.monotonic() - started:,.0f} s: {len(result.wrongly_served)} wrongly served,"
        f" {len(result.wrongly_refused)} wrongly refused"
    )
    for problem in problems:
        print(problem)
    return 1 if problems else 0


def _progress(days: int) -> Callable[[int, Result], None]:
    """A line that is written over on a terminal, a line a minute elsewhere."""
    last = time.monotonic()

    def show(day: int, result: Result) -> None:
        nonlocal last
        terminal, now = sys.stderr.isatty(), time.monotonic()
        if now - last < (0.5 if terminal else LINE_EVERY_S):
            return
        last = now
        line = f"day {day} of {days}, {len(result.wrongly_served)} wrongly served"
        print(f"\r{line}  " if terminal else line, end="" if terminal else "\n", file=sys.stderr)

    return show


if __name__ == "__main__":
    sys.exit(main())
