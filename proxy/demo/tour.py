"""``fengcun demo``: set up, walk through the steps, stay up to be played with, leave nothing."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from threading import Thread

from proxy.demo.agency import (
    APPROVER,
    CLERK,
    OFFICER_PASSWORD,
    ORIGIN,
    PLATFORM,
    Agency,
    Service,
)
from proxy.demo.cast import Cast, introduce
from proxy.demo.database import DATABASE, PASSWORD, Cluster
from proxy.demo.desk_steps import (
    certificates_look_alike,
    court_is_permitted,
    platform_applies_in_vain,
)
from proxy.demo.month.history import NAME as MONTH_NAME
from proxy.demo.month.history import ORIGIN as MONTH_ORIGIN
from proxy.demo.month.history import write_month
from proxy.demo.people import Names, Population
from proxy.demo.portal import PASSPHRASE, PORTAL_PASSWORD, PROSECUTOR, Portal, open_portal
from proxy.demo.processes import HOST
from proxy.demo.register import Register
from proxy.demo.scene import Words
from proxy.demo.screen import Screen, terminal_screen
from proxy.demo.steps import (
    Stage,
    Step,
    drip_meets_the_budget,
    platform_is_refused,
    police_open_a_file,
    statistics_leave_them_out,
    writes_miss_what_is_sealed,
)
from proxy.demo.supervision import (
    ledger_in_numbers,
    scan_finds_who_is_not_sealed,
    supervisor_reads_the_ledger,
    tampering_is_found,
)
from proxy.errors import ConfigurationError
from proxy.settings.shipped import shipped_file

SEED = 286
CASES_COUNT, BYSTANDERS_COUNT = 6_000, 1_500
EXIT_INTERRUPTED = 130
ACTS: tuple[tuple[Words, tuple[Step, ...]], ...] = (
    (
        Words("一　看不见", "Out of sight"),
        (police_open_a_file, statistics_leave_them_out, writes_miss_what_is_sealed),
    ),
    (
        Words("二　绕不过", "No way around"),
        (
            certificates_look_alike,
            platform_is_refused,
            platform_applies_in_vain,
            drip_meets_the_budget,
        ),
    ),
    (Words("三　依法看", "The lawful way"), (court_is_permitted,)),
    (
        Words("四　有人管", "And somebody watches"),
        (scan_finds_who_is_not_sealed, supervisor_reads_the_ledger, tampering_is_found),
    ),
)
STEPS: tuple[Step, ...] = tuple(step for _, steps in ACTS for step in steps)

_STORY = Words(
    "张示例十六岁时参与盗窃，判一年六个月。法律封存这段记录；它还在库里，谁还看得到？",
    "At sixteen 张示例 took part in a theft. The law seals the record. It is still in the"
    " database: who can see it?",
)
_MORAL = Words(
    "谁查过他、凭什么、看到没有，都在这里；少一条、改一字，检察官一核便知。",
    "Who asked for him, by what right, and what came of it: all of it is here, and a prosecutor"
    " can tell if an entry is missing or a letter changed.",
)
_AT_THE_PORTAL = (
    Words(
        f"门户里有两份账本：这次导览的，和“{MONTH_NAME}”。后者全属虚构：没有一条语句真正执行过，"
        "签名与核验是真的。",
        f"The portal has two ledgers: this tour's, and “{MONTH_NAME}”, a made-up month: no"
        " statement of it ever ran. Its signatures are real, and so is verifying it.",
    ),
    Words(
        "那里可看：违规查询线索（非工作时间、未载明案号、反复被拒、一人两处、长期零星查询、证明被拒前的"
        "查询）；解锁私钥后看应封未封与解封审查；许可有逾期的、撤销的；由一条线索起草纠正意见。",
        "Look there at the leads (at night, no case named, refused again and again, one name from"
        " two places, a few people a day, before a certificate was refused); with the key unlocked,"
        " at what should be sealed and what was unsealed; at permits granted late and taken back;"
        " and draft an opinion on a lead.",
    ),
)
_ENDS = Words("按 Ctrl-C 结束并清理。", "Ctrl-C ends it and cleans up.")
_ENDS_AND_KEEPS = Words("按 Ctrl-C 结束，文件保留。", "Ctrl-C ends it; the files stay.")
_STOPPING = (signal.SIGINT, signal.SIGTERM)


def run(*, once: bool, keep: Path | None, port: int | None) -> int:
    """The whole tour; the exit code. ``once`` ends after the last step, ``keep`` is a directory
    for everything that is made, ``port`` the proxy's. Raises `FengcunError` for what went wrong,
    `ClaimFailed` among it if a step did not show what it says.
    """
    screen = terminal_screen(paced=not once)
    # SIGTERM cleans up as Ctrl-C does.
    handlers = {number: signal.signal(number, signal.default_int_handler) for number in _STOPPING}
    try:
        with ExitStack() as stack:
            try:
                _guide(screen, stack, once=once, keep=keep, port=port)
            finally:
                # The stack cleans up from here on, and a second Ctrl-C must not cut that short.
                for number in _STOPPING:
                    signal.signal(number, signal.SIG_IGN)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return 0


def _guide(
    screen: Screen, stack: ExitStack, *, once: bool, keep: Path | None, port: int | None
) -> None:
    agency = Agency(stack.enter_context(_home(keep)))
    screen.opening(_STORY)
    cluster, register, cast = _set_up_database(screen, stack, agency)
    service = _set_up_service(screen, stack, agency, cluster, port)
    ports = service.ports
    stage = Stage(agency, register, cast, cluster.port, ports.listen, ports.desk)
    numbers = count(1)
    for title, steps in ACTS:
        screen.act(title)
        for step in steps:
            # Whoever tries something while the tour waits leaves entries, too.
            stage.seen = max(stage.seen, agency.published_count)
            screen.show(next(numbers), len(STEPS), step(stage))
    screen.closing(ledger_in_numbers(agency), _MORAL)
    if not once:
        with screen.preparing(Words("虚构的一个月", "a made-up month")) as tell:
            month = write_month(agency, register)
            tell(f"{month.entries_count:,} 条 entries · {MONTH_ORIGIN}")
        with screen.preparing(Words("监督门户", "supervisor's portal")) as tell:
            portal = open_portal(agency, month)
            stack.callback(portal.child.stop)
            tell(portal.url)
        _stay(screen, agency, cluster, service, portal, kept=keep is not None)


def build_register() -> tuple[Register, Cast]:
    """Everybody in the demo, the same on every machine."""
    with shipped_file("demo/names.toml").open("rb") as file:
        names = Names(**tomllib.load(file))
    register = Register()
    cast = introduce(register, names)
    population = Population(names, seed=SEED, register=register)
    population.populate(cases_count=CASES_COUNT, bystanders_count=BYSTANDERS_COUNT)
    return register, cast


def _set_up_database(
    screen: Screen, stack: ExitStack, agency: Agency
) -> tuple[Cluster, Register, Cast]:
    with screen.preparing(Words("嵌入式数据库", "embedded database")) as tell:
        cluster = Cluster(agency.home / "postgres")
        stack.callback(cluster.close)
        cluster.start()
        tell(f"PostgreSQL {cluster.version()} · {HOST}:{cluster.port}")
    with screen.loading(Words("虚构的办案库", "made-up agency")) as (advance, tell):
        register, cast = build_register()
        scripts = (shipped_file("demo/schema.sql"), shipped_file("demo/roles.sql"))
        cluster.load(register, scripts, advance)
        tell(_census(register))
    return cluster, register, cast


def _set_up_service(
    screen: Screen, stack: ExitStack, agency: Agency, cluster: Cluster, port: int | None
) -> Service:
    with screen.preparing(Words("密钥与账本", "keys and ledger")) as tell:
        agency.create_keys_and_ledger()
        tell(ORIGIN)
    with screen.preparing(Words("代理与窗口", "proxy and desk")) as tell:
        service = agency.serve(cluster, port)
        stack.callback(service.child.stop)
        tell(f"fengcun serve · {HOST}:{service.ports.listen}")
    return service


def _census(register: Register) -> str:
    people, cases = (len(register.rows[table]) for table in ("person", "case_file"))
    return f"{people:,} 人 people · {cases:,} 案 cases · {len(register.sealed):,} 封存 sealed"


def _stay(
    screen: Screen,
    agency: Agency,
    cluster: Cluster,
    service: Service,
    portal: Portal,
    *,
    kept: bool,
) -> None:
    """Until Ctrl-C, or until the service is gone. Raises `ChildFailed` for the latter."""
    try:
        screen.standing(_invitations(agency, cluster, service, portal))
        for words in _AT_THE_PORTAL:
            screen.say(words)
        screen.say(_ENDS_AND_KEEPS if kept else _ENDS)
        if screen.paced:
            fresh = Words("按回车得到新的动态码。", "Enter shows a new code.")
            screen.say(fresh)
            Thread(target=_codes, args=(screen, portal), daemon=True).start()
        failure = service.child.wait_for_failure()
    except KeyboardInterrupt:
        screen.ending(agency.home if kept else None)
        return
    raise failure


def _invitations(
    agency: Agency, cluster: Cluster, service: Service, portal: Portal
) -> list[tuple[Words, str]]:
    """What there is to play with, and how."""
    psql = shutil.which("psql") or cluster.binaries / "psql"

    def connect(user: str, port: int) -> str:
        return f"{psql} postgresql://{user}:{PASSWORD}@{HOST}:{port}/{DATABASE}"

    ports = service.ports
    through, direct = connect("police", ports.listen), connect("police", cluster.port)
    explain = f"{_ourselves()} explain --config {agency.configuration} --as {PLATFORM}"
    show = f"{_ourselves()} ledger show --log {agency.log} --identity {agency.supervisor}"
    verify = f"{_ourselves()} ledger verify --log {agency.log} --key {agency.public_key}"
    page = f"http://{HOST}:{ports.desk}/  {CLERK} · {APPROVER} / {OFFICER_PASSWORD}"
    return [
        (Words("派出所，经过封存", "police, through Fengcun"), through),
        (Words("派出所，直连", "police, direct"), direct),
        (
            Words("平台，经过封存", "platform, through Fengcun"),
            connect("bgcheck", ports.listen),
        ),
        (Words("查询窗口网页：受理人 · 审批人 / 口令", "the desk's page"), page),
        (Words("他的证明", "his certificate"), str(agency.certificates / "000001.pdf")),
        (
            Words("一条语句如何判定", "how a statement is judged"),
            f"{explain} 'TABLE base.person'",
        ),
        (
            Words("检察监督门户：用户 / 口令", "the supervisor's portal: login / password"),
            f"{portal.url}  {PROSECUTOR} / {PORTAL_PASSWORD}",
        ),
        (
            Words("门户的动态码 · 解锁私钥的口令", "its code of now · passphrase of the key"),
            f"{portal.code()} · {PASSPHRASE}",
        ),
        (Words("检察官读账本", "the supervisor reads the ledger"), show),
        (Words("核验", "verify"), verify),
        (Words("指标", "metrics"), f"http://{HOST}:{ports.metrics}/metrics"),
        (Words("日志与配置", "logs and configuration"), str(agency.home)),
    ]


def _codes(screen: Screen, portal: Portal) -> None:
    """One for each Enter: a code is good for half a minute, and once."""
    while screen.wait_for_enter():
        code = portal.code()
        screen.say(Words(f"动态码 {code}", "code of now"))


def _ourselves() -> str:
    """The command as it was typed, so that what is printed can be typed too."""
    typed = Path(sys.argv[0])
    return str(typed) if typed.name == "fengcun" else f"{sys.executable} -m proxy.cli"


@contextmanager
def _home(keep: Path | None) -> Iterator[Path]:
    """The directory everything lies in, removed at the end unless it is to be kept."""
    if keep is None:
        home = Path(tempfile.mkdtemp(prefix="fengcun-demo-"))
    else:
        home = keep.absolute()
        home.mkdir(parents=True, exist_ok=True)
        if any(home.iterdir()):
            raise ConfigurationError(f"--keep: {home} is not empty: choose a new directory")
    # Root runs PostgreSQL as somebody else, who has to come by here.
    home.chmod(0o711 if os.geteuid() == 0 else 0o700)
    try:
        yield home
    finally:
        if keep is None:
            shutil.rmtree(home, ignore_errors=True)
