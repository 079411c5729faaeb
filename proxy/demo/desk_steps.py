"""The steps at the query counter: who gets a certificate, who is refused, who may look and until
when. Two officers work there, and what they do goes over HTTP as it would from their page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from hashlib import sha256

from proxy.demo.agency import APPROVER, CLERK, COURT, NAME, PLATFORM
from proxy.demo.client import Client
from proxy.demo.counter import Answer, Counter, Json
from proxy.demo.identity import identity_number
from proxy.demo.scene import Entry, Lines, Panel, Rows, Scene, Words, require
from proxy.demo.steps import Stage, column

CASE = "(2025)示刑初0286号"
HANDLER = "钱示例"
_HANDLER_ID_NO = identity_number(date(1980, 1, 1), 1)
_UNDERTAKING = sha256("保密承诺书（虚构）".encode()).hexdigest()
_CODE_SHOWN = 12
_CREATED, _FORBIDDEN, _OK = 201, 403, 200

_FIELDS = {"number": "编号 number", "name": "姓名 name", "identity": "证号 identity"}
"""What differs between two certificates of one day, as their files name it."""


def certificates_look_alike(stage: Stage) -> Scene:
    """实施办法第15条: one certificate for the sealed and for who never had a record."""
    counter, cast = Counter(stage.desk_port), stage.cast
    people = [(each.name, each.id_no) for each in (cast.minor, cast.stranger)]
    sealed, absent = (_issue(counter, *each) for each in people)
    adult = _issue(counter, cast.adult.name, cast.adult.id_no)
    require(sealed.word("form") == absent.word("form") == "certificate", "both get a certificate")
    require(adult.word("form") == "refusal", "an adult's record is still found")
    stage.written("certificate", count=3)
    first, second = (_printed(stage, each) for each in (sealed, absent))
    differing = {name for name in first if first[name] != second[name]}
    require(differing == {*_FIELDS, "code"}, "nothing differs but name, numbers and code")
    forms = [
        counter.get(CLERK, f"/certificates/{each.word('serial')}.pdf") for each in (sealed, absent)
    ]
    file = stage.agency.certificates / f"{sealed.word('serial')}.pdf"
    require(forms[0] == file.read_bytes(), "what is given out is what is kept")
    require(len(forms[0]) == len(forms[1]), "the files are of one length")
    verified = stage.agency.check_certificate(file)
    compared = (
        *((title, first[name], second[name]) for name, title in _FIELDS.items()),
        ("核验码 code", *(f"{each['code'][:_CODE_SHOWN]}…" for each in (first, second))),
        (f"其余 {len(first) - len(differing)} 项 the rest", *["相同 the same"] * 2),
        ("PDF", *[f"{len(forms[0]):,} B"] * 2),
    )
    return Scene(
        Words("他去求职，开无犯罪记录证明", "He needs a certificate of no record"),
        Words(
            f"同一窗口开两份：{cast.minor.name}，已封存；{cast.stranger.name}，库中并无此人。",
            f"Two at one counter: {cast.minor.name} is sealed, {cast.stranger.name} in no table.",
        ),
        CLERK,
        'POST /api/v1/certificates  {"asked": "certificate", …}',
        (
            Panel(
                Words("印在纸上的", "what is printed"),
                Rows(("", "封存 sealed", "无记录 no record"), compared, ""),
            ),
            Panel(
                Words("凭文件离线核验", "verified offline, by files alone"),
                Lines(
                    (
                        f"fengcun certificate verify {file.name} --log ledger --key log.vkey",
                        *(line.strip() for line in verified.splitlines()[:2]),
                    )
                ),
            ),
        ),
        Words(
            f"除姓名、证号、编号和核验码，两份一样；成年人{cast.adult.name}则不予出具。",
            f"The same but for name and numbers; {cast.adult.name}, an adult, gets none.",
        ),
    )


def platform_applies_in_vain(stage: Stage) -> Scene:
    """实施办法第10条: refused by the rule, before anybody looks at a record, and recorded."""
    counter = Counter(stage.desk_port)
    application = {
        **_application(stage.cast.minor.id_no), "principal": PLATFORM, "standing": "platform",
        "unit": "示例背调平台", "letter": "示背函〔2026〕1号", "purpose": "close-contact",
        "basis": "minors-protection-62", "scope": "conviction", "reason": "受雇主委托核查应聘人员",
        "use": "仅供雇主参考",
    }  # fmt: skip
    taken = counter.post(CLERK, "/applications", application)
    require(taken.status == _CREATED and taken.word("state") == "refused", "it is refused")
    require(taken.word("rule") == "platform-standing", "because it is a platform")
    require(taken.body.get("decided_by") is None, "no officer had to decide")
    paper = counter.get(CLERK, f"/applications/{taken.word('number')}/refusal").decode()
    received, refused = stage.written("permit", count=2)
    events = (received.word("event"), refused.word("event"))
    require(events == ("received", "refused"), "the ledger has its receipt and its refusal")
    lines = [line for line in paper.splitlines() if line]
    reasons = next(at for at, line in enumerate(lines) if line.startswith("你单位"))
    return Scene(
        Words("平台改走窗口，书面申请", "The platform applies at the counter"),
        Words(
            "所引的法条是真的，公函也齐全。",
            "The law it cites is a good one, and its letter is in order.",
        ),
        CLERK,
        _shown_application(application),
        (
            Panel(
                Words("不许可查询决定书", "the decision"),
                Lines(tuple(lines[reasons : reasons + 4])),
            ),
        ),
        Words(
            "平台一律不予许可，不看有没有记录；申请与决定都已入账。",
            "Refused as a platform, record or none; application and decision are in the ledger.",
        ),
        refused,
    )


def court_is_permitted(stage: Stage) -> Scene:
    """实施办法第16条: one officer takes in, another grants; one person shows, until it is over."""
    counter, minor = Counter(stage.desk_port), stage.cast.minor
    text = (
        f"/* case={CASE} */\n"
        "SELECT p.name, s.term_months\n"
        "FROM person p JOIN case_person cp USING (person_id) JOIN sentence s USING (cp_id)\n"
        f"WHERE p.id_no = '{minor.id_no}'"
    )
    everybody = f"/* case={CASE} */ SELECT count(*) FROM case_person"
    application = {
        **_application(minor.id_no), "principal": COURT, "standing": "judicial",
        "unit": "示例市人民法院", "letter": "示法函〔2026〕12号", "purpose": "case",
        "basis": "criminal-procedure-286", "scope": "full", "reason": "审理案件需要",
        "use": "仅用于该案审理", "case": CASE,
    }  # fmt: skip
    with Client("court", stage.proxy_port) as court:
        before, count_before = court.ask(text), column(court.ask(everybody), "count")
        require(column(before, "name") == [], "the court sees nothing without a permit")
        taken = counter.post(CLERK, "/applications", application)
        require(taken.status == _CREATED, "the application is taken in")
        place = f"/applications/{taken.word('number')}"
        own = counter.post(CLERK, f"{place}/grant")
        require(own.status == _FORBIDDEN, "who took it in cannot grant it")
        granted = counter.post(APPROVER, f"{place}/grant")
        require(granted.status == _OK, "another officer grants it")
        during, count_during = court.ask(text), column(court.ask(everybody), "count")
        require(column(during, "name") == [minor.name], "the court sees whom the permit names")
        require(_one_more(count_before, count_during), "and nobody else")
        revoked = counter.post(APPROVER, f"{place}/revoke", {"reason": "no-longer-needed"})
        require(revoked.word("state") == "revoked", "the permit is taken back")
        after = court.ask(text)
        require(column(after, "name") == [], "and from then on the court sees nothing")
    entries = stage.written("permit", "decision", count=8)
    steps = {each.word("event"): each for each in entries if each.kind == "permit"}
    require([*steps] == ["received", "granted", "revoked"], "the ledger has each step")
    shown = next(each for each in entries if each.word("rule") == "permitted-rows")
    require(shown.word("permit") == taken.word("number"), "the decision names the permit")
    return Scene(
        Words("法院办案，依法申请", "A court asks, as the law says"),
        Words(
            f"{minor.name}又成被告，法院需要他的前案。同一条语句问三次。",
            f"{minor.name} is in court again, which needs his record. One statement, three times.",
        ),
        "court",
        text,
        (
            Panel(Words("申请之前", "before"), before),
            Panel(Words("许可期间", "permitted"), during),
            Panel(Words("撤销之后", "revoked"), after),
            Panel(Words("窗口", "at the counter"), Lines(_at_the_counter(steps))),
        ),
        Words(
            "只多出他一个人；用哪份许可看的，判定里写着编号。",
            "He alone shows, and the decision says by which permit.",
        ),
        shown,
    )


def _at_the_counter(steps: Mapping[str, Entry]) -> tuple[str, ...]:
    """Each step with its entry's number, in columns."""
    done = {name: f"#{entry.index}" for name, entry in steps.items()}
    return (
        f"{done['received']:<5} 受理 received      {CLERK}",
        f"{_FORBIDDEN:<5} 自批 own grant     {CLERK}",
        f"{done['granted']:<5} 许可 granted       {APPROVER}",
        f"{done['revoked']:<5} 撤销 revoked       {APPROVER}",
    )


def _one_more(before: list[str | None] | None, after: list[str | None] | None) -> bool:
    """Whether two counts differ by one person."""
    counts = [(found or [None])[0] for found in (before, after)]
    return None not in counts and int(counts[1] or 0) - int(counts[0] or 0) == 1


def _issue(counter: Counter, name: str, number: str) -> Answer:
    answer = counter.post(
        CLERK,
        "/certificates",
        {
            "asked": "certificate",
            "applicant": {"kind": "self"},
            "person": {
                "name": name, "gender": "male", "nationality": "中国",
                "identity_kind": "identity-card", "number": number,
            },
            "purpose": "employment",
        },
    )  # fmt: skip
    require(answer.status == _CREATED, "the counter answers with a form")
    return answer


def _printed(stage: Stage, form: Answer) -> dict[str, str]:
    """The desk's own note of what stands on a form."""
    file = stage.agency.certificates / f"{form.word('serial')}.json"
    return {name: str(value) for name, value in json.loads(file.read_bytes()).items()}


def _application(number: str) -> dict[str, object]:
    """What all applications of the tour have in common."""
    return {
        "agency": NAME, "handler_name": HANDLER, "handler_identity": _HANDLER_ID_NO,
        "subjects": [number], "valid_days": 10, "undertaking_sha256": _UNDERTAKING,
    }  # fmt: skip


def _shown_application(application: Json) -> str:
    """The request, but for what is the same in all of them."""
    names = ("standing", "unit", "purpose", "basis", "scope")
    fields = ", ".join(f'"{name}": "{application[name]}"' for name in names)
    return f"POST /api/v1/applications\n{{{fields}, …}}"
