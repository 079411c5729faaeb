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
from pathlib import Path

from proxy.demo.agency import ORIGIN, Agency, Service
from proxy.demo.cast import Cast, introduce
from proxy.demo.database import DATABASE, PASSWORD, Cluster
from proxy.demo.people import Names, Population
from proxy.demo.processes import HOST
from proxy.demo.register import Register
from proxy.demo.scene import Words
from proxy.demo.screen import Screen, terminal_screen
from proxy.demo.steps import (
    Stage,
    Step,
    desk_opens_a_file,
    platform_is_refused,
    sealed_means_absent,
    statistics_leave_them_out,
    writes_miss_what_is_sealed,
)
from proxy.demo.supervision import supervisor_reads_the_ledger, tampering_is_found
from proxy.errors import ConfigurationError
from proxy.settings.shipped import shipped_file

SEED = 286
CASES_COUNT, BYSTANDERS_COUNT = 6_000, 1_500
EXIT_INTERRUPTED = 130
STEPS: tuple[Step, ...] = (
    desk_opens_a_file,
    platform_is_refused,
    sealed_means_absent,
    statistics_leave_them_out,
    writes_miss_what_is_sealed,
    supervisor_reads_the_ledger,
    tampering_is_found,
)

_PLATFORM = "background-check-platform"
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
    screen.opening()
    cluster, register, cast = _set_up_database(screen, stack, agency)
    service = _set_up_service(screen, stack, agency, cluster, port)
    stage = Stage(agency, register, cast, cluster.port, service.port)
    for number, step in enumerate(STEPS, start=1):
        screen.show(number, len(STEPS), step(stage))
    if not once:
        _stay(screen, agency, cluster, service)


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
    with screen.preparing(Words("代理与公证进程", "proxy and notary")) as tell:
        service = agency.serve(cluster, port)
        stack.callback(service.child.stop)
        tell(f"fengcun serve · {HOST}:{service.port}")
    return service


def _census(register: Register) -> str:
    people, cases = (len(register.rows[table]) for table in ("person", "case_file"))
    return f"{people:,} 人 people · {cases:,} 案 cases · {len(register.sealed):,} 封存 sealed"


def _stay(screen: Screen, agency: Agency, cluster: Cluster, service: Service) -> None:
    """Until Ctrl-C, or until the service is gone. Raises `ChildFailed` for the latter."""
    psql = shutil.which("psql") or cluster.binaries / "psql"

    def connect(user: str, port: int) -> str:
        return f"{psql} postgresql://{user}:{PASSWORD}@{HOST}:{port}/{DATABASE}"

    explain = f"{_ourselves()} explain --config {agency.configuration} --as {_PLATFORM}"
    show = f"{_ourselves()} ledger show --log {agency.log} --identity {agency.supervisor}"
    verify = f"{_ourselves()} ledger verify --log {agency.log} --key {agency.public_key}"
    try:
        screen.standing(
            [
                (Words("派出所，经过封存", "police desk, through"), connect("desk", service.port)),
                (Words("派出所，直连", "police desk, direct"), connect("desk", cluster.port)),
                (Words("平台，经过封存", "platform, through"), connect("bgcheck", service.port)),
                (
                    Words("一条语句如何判定", "how a statement is judged"),
                    f"{explain} 'TABLE base.person'",
                ),
                (Words("检察官读账本", "the supervisor reads the ledger"), show),
                (Words("核验", "verify"), verify),
                (Words("指标", "metrics"), f"http://{HOST}:{service.metrics_port}/metrics"),
                (Words("日志与配置", "logs and configuration"), str(agency.home)),
            ]
        )
        screen.say(Words("按 Ctrl-C 结束并清理。", "Ctrl-C ends it and cleans up."))
        failure = service.child.wait_for_failure()
    except KeyboardInterrupt:
        return
    raise failure


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
