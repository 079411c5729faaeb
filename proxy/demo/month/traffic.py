"""Who asks what in the month: officers in their hours, and a platform that tries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from proxy.demo.month.roster import Citizen, Roster
from proxy.demo.month.sessions import Came, Office, Session
from proxy.demo.register import Register

KNOWN_COUNT: Final = 120
"""People who are asked for in the ordinary way, again and again."""
PLATFORM_SOURCE: Final = "198.51.100.7"
ELSEWHERE: Final = "192.0.2.77"
_CASES_COUNT: Final = 400
_ROW_BYTES: Final = 40
_CANCELLED: Final = "57014"
_NOTHING: Final = Came()


@dataclass(frozen=True, slots=True)
class Officer:
    """Somebody who works with an application; addresses are of RFC 5737, nobody's."""

    operator: str
    user: str
    source: str


def _officers(user: str, numbers: Iterable[int]) -> tuple[Officer, ...]:
    return tuple(Officer(f"示例04{number}", user, f"192.0.2.{number}") for number in numbers)


POLICE: Final = _officers("police", range(11, 16))
HANDLERS: Final = _officers("agency_app", range(21, 24))
COURT: Final = _officers("court", range(31, 33))
DESK: Final = _officers("desk", range(41, 44))


class Traffic:
    """Statements, each asked at the time that it is."""

    def __init__(self, office: Office, roster: Roster, register: Register) -> None:
        self._office = office
        self._known = [roster.anybody() for _ in range(KNOWN_COUNT)]
        rows = register.rows["case_file"][:_CASES_COUNT]
        self._files = [(int(str(row[0])), str(row[1])) for row in rows]
        self._sessions: dict[tuple[Officer, date, str], Session] = {}

    async def work(self, officer: Officer, day: date, source: str = "") -> bool:
        """Something that this officer does all day, for a case; whether it was served."""
        chance = self._office.chance
        text, came = self._ordinary(officer, chance.randrange(10))
        said = f"/* operator={officer.operator} case={self.case(day)} */ "
        return await self._session(officer, day, source).ask(said + text, came)

    async def without_case(self, officer: Officer, day: date) -> bool:
        """The same, and no case is named."""
        text, came = self._ordinary(officer, self._office.chance.randrange(8))
        said = f"/* operator={officer.operator} */ "
        return await self._session(officer, day).ask(said + text, came)

    async def look_up(self, officer: Officer, day: date, people: Sequence[Citizen]) -> bool:
        """These people by their numbers, and nobody else, for a case."""
        said = f"/* operator={officer.operator} case={self.case(day)} */ "
        numbers = ", ".join(f"'{each.number}'" for each in people)
        text = f"{said}SELECT name, birth_date FROM person WHERE id_no IN ({numbers})"
        return await self._session(officer, day).ask(text, _rows(_shown(people)))

    async def everybody(self, officer: Officer, day: date) -> bool:
        """All people at once, for a case."""
        text = f"/* operator={officer.operator} case={self.case(day)} */ SELECT name FROM person"
        return await self._session(officer, day).ask(text, _NOTHING)

    async def for_case(
        self, officer: Officer, day: date, citizen: Citizen, case: str, *, permitted: bool
    ) -> bool:
        """Somebody's judgments for one case; ``permitted``: a permit shows them."""
        text = (
            f"/* operator={officer.operator} case={case} */ SELECT p.name, s.judgment_no,"
            " s.term_months FROM person p JOIN case_person cp USING (person_id)"
            f" JOIN sentence s USING (cp_id) WHERE p.id_no = '{citizen.number}'"
        )
        return await self._session(officer, day).ask(text, _rows(int(permitted)))

    async def platform(self, turn: int) -> bool:
        """A platform wants all of it, or many at once. It names nobody who asks."""
        numbers = ", ".join(
            f"'{each.number}'" for each in self._office.chance.sample(self._known, 25)
        )
        texts = (
            "SELECT * FROM case_person",
            f"SELECT name, id_no FROM person WHERE id_no IN ({numbers})",
            "SELECT id_no, role FROM person JOIN case_person USING (person_id)",
            "COPY person (name, id_no) TO STDOUT",
        )
        session = self._office.session("bgcheck", PLATFORM_SOURCE)
        return await session.ask(texts[turn % len(texts)], _NOTHING)

    def case(self, day: date) -> str:
        """One of the cases that are worked on."""
        return f"(虚构{day.year})示刑初{self._office.chance.randrange(1, 60):04}号"

    def known(self, count: int) -> list[Citizen]:
        """Some of those who are asked for again and again."""
        return self._office.chance.sample(self._known, count)

    def _session(self, officer: Officer, day: date, source: str = "") -> Session:
        key = officer, day, source or officer.source
        found = self._sessions.get(key)
        if found is None:
            found = self._sessions[key] = self._office.session(officer.user, key[2])
        return found

    def _ordinary(self, officer: Officer, turn: int) -> tuple[str, Came]:
        chance = self._office.chance
        case_id, case_no = chance.choice(self._files)
        match officer.user:
            case "desk":
                people = self.known(chance.randint(1, 2))
                numbers = ", ".join(f"'{each.number}'" for each in people)
                return f"SELECT name FROM person WHERE id_no IN ({numbers})", _rows(_shown(people))
            case "agency_app" if turn < 3:
                text = f"SELECT title, issued_on FROM document WHERE case_id = {case_id}"
                return text, _rows(chance.randint(0, 4))
            case "agency_app" if turn < 5:
                text = f"UPDATE case_file SET closed_on = NULL WHERE case_no = '{case_no}'"
                return text, Came(milliseconds=25)
        if turn < 5:
            text = (
                "SELECT p.name, s.term_months, c.label FROM case_file c JOIN case_person cp"
                " USING (case_id) JOIN person p USING (person_id) LEFT JOIN sentence s"
                f" USING (cp_id) WHERE c.case_no = '{case_no}' ORDER BY p.person_id"
            )
            late = chance.random() < 0.01
            return text, Came(milliseconds=9000, error=_CANCELLED) if late else _rows(
                chance.randint(0, 3)
            )
        if turn < 8:
            (citizen,) = self.known(1)
            text = f"SELECT name, birth_date FROM person WHERE id_no = '{citizen.number}'"
            return text, _rows(_shown([citizen]))
        if turn < 9:
            text = "SELECT cause, count(*) FROM case_file GROUP BY cause ORDER BY 2 DESC"
            return text, _rows(chance.randint(8, 10))
        return "SELECT current_date", _rows(1)


def _shown(people: Iterable[Citizen]) -> int:
    return sum(each.shown for each in people)


def _rows(count: int) -> Came:
    return Came(count, count * _ROW_BYTES, 8 + 4 * count)
