"""What an operator gets wrong: the service does not start, says why in plain words, and exits.

Nothing is guessed and nothing is created on the way: the ledger is the same as before.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.scenarios.service import (
    FENGCUN,
    ORIGIN,
    RECIPIENTS,
    ROOT,
    Site,
    install,
    kill_with_children,
)
from tests.world import HOST, Database, PostgresWorld, free_port

pytestmark = pytest.mark.database

ENDS_AFTER_MAX_S = 40.0
NOT_AVAILABLE, CONFIGURATION, LEDGER = 1, 2, 3
NOT_COVERED = 1


@pytest.fixture(scope="module")
def site(agency: Database, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return install(agency, tmp_path_factory.mktemp("refuses"))


@dataclass(frozen=True, slots=True)
class End:
    """How ``fengcun serve`` ended."""

    code: int
    said: str

    def plainly(self, words: str) -> bool:
        """The words, on one line; at most one other, and no traceback."""
        lines = self.said.splitlines()
        return (
            any(words in line for line in lines)
            and len(lines) <= 2
            and all(line.startswith(("fengcun", '{"time":')) for line in lines)
        )


def serve(config: Path) -> End:
    """Raises `subprocess.TimeoutExpired` when it serves."""
    command = [*FENGCUN, "serve", "--config", str(config)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            said, _ = process.communicate(timeout=ENDS_AFTER_MAX_S)
        except subprocess.TimeoutExpired:
            kill_with_children(process)
            raise
    return End(process.returncode, said.decode())


# What is written, what is written instead, the words that answer it, and the exit code.
CONFIGURATIONS = {
    "unknown-key": ("[listen]", "[listen]\nprot = 1", 'did you mean "port"?', CONFIGURATION),
    "wrong-type": ("[listen]\nport = ", "[listen]\nport = '1' #", "integer", CONFIGURATION),
    "not-toml": ("[listen]", "[listen", "is not valid TOML", CONFIGURATION),
    "no-workers": ("[listen]", "[listen]\nworkers = 0", "greater than", CONFIGURATION),
    "not-so-many": ("[listen]", '[listen]\nworkers = "all"', "valid integer", CONFIGURATION),
    "no-such-policy": ("policy.toml", "nowhere.toml", "no such file", CONFIGURATION),
    "no-such-ledger": ('"log"', '"nowhere"', "fengcun ledger create", CONFIGURATION),
    "no-such-keys": ('"keys"', '"nowhere"', "fengcun keys init", CONFIGURATION),
    "no-such-database": ('"agency"', '"nowhere"', "catalogue of nowhere", NOT_AVAILABLE),
    "no-such-login": ('"postgres"', '"nobody-here"', "catalogue user", NOT_AVAILABLE),
    "database-is-down": ("port = {upstream}", "port = {free}", "is the server up", NOT_AVAILABLE),
}


@pytest.mark.parametrize(
    ("written", "instead", "words", "code"), CONFIGURATIONS.values(), ids=CONFIGURATIONS
)
def test_a_wrong_configuration_is_named(site: Site, written, instead, words, code):
    places = {"{upstream}": str(site.database.port), "{free}": str(free_port())}
    for place, port in places.items():
        written, instead = written.replace(place, port), instead.replace(place, port)
    right = site.config.read_text(encoding="utf-8")
    assert written in right
    wrong = site.home / "wrong.toml"
    wrong.write_text(right.replace(written, instead, 1), encoding="utf-8")
    end = serve(wrong)
    assert end.plainly(words), end.said
    assert end.code == code


def test_an_origin_that_is_not_that_of_the_keys_is_named(site: Site):
    wrong = site.home / "wrong.toml"
    right = site.config.read_text(encoding="utf-8")
    wrong.write_text(right.replace(ORIGIN, "other.example/log"), encoding="utf-8")
    end = serve(wrong)
    assert end.plainly("origin"), end.said
    assert end.code == CONFIGURATION


def test_a_database_in_another_encoding_is_named(site: Site, postgres: PostgresWorld):
    made = "CREATE DATABASE in_ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'"
    postgres.database().run(made)
    wrong = site.home / "wrong.toml"
    right = site.config.read_text(encoding="utf-8")
    wrong.write_text(right.replace('"agency"', '"in_ascii"', 1), encoding="utf-8")
    end = serve(wrong)
    checked = site.run("check", "--config", wrong)
    postgres.drop_database(postgres.database("in_ascii"))
    assert end.plainly("the encoding of in_ascii is SQL_ASCII"), end.said
    assert end.code == CONFIGURATION
    assert "the encoding of in_ascii is SQL_ASCII" in checked.stdout + checked.stderr
    assert checked.returncode


POLICIES = {
    "unknown-kind": ('kind = "platform"', 'kind = "platfrom"', "principal[2].kind"),
    "unknown-key": ('subject = "person_id"', 'subjct = "person_id"', 'mean "subject"?'),
    "a-platform-with-more": (
        'kind = "platform"',
        'kind = "platform"\npermits = true',
        "a platform can be given no permit",
    ),
    "no-such-relation": (
        '[relation."base.guidance_record"]',
        '[relation."base.guidance_records"]',
        '"base.guidance_record"?',
    ),
    "no-such-column": ('subject = "person_id"', 'subject = "persons_id"', 'mean "person_id"?'),
    "no-such-column-in-a-rule": ("self.role IN", "self.rolle IN", 'mean "role"?'),
}


@pytest.mark.parametrize(("written", "instead", "words"), POLICIES.values(), ids=POLICIES)
def test_a_wrong_policy_is_named(site: Site, written, instead, words):
    right = (site.home / "policy.toml").read_text(encoding="utf-8")
    assert written in right
    (site.home / "wrong-policy.toml").write_text(right.replace(written, instead, 1), "utf-8")
    wrong = site.home / "wrong.toml"
    text = site.config.read_text(encoding="utf-8").replace("policy.toml", "wrong-policy.toml")
    wrong.write_text(text, encoding="utf-8")
    end = serve(wrong)
    assert end.plainly(words), end.said
    assert re.search(r"wrong-policy\.toml:\d+: ", end.said)
    assert end.code == CONFIGURATION


def test_the_check_says_of_a_policy_what_the_service_says(site: Site):
    right = (site.home / "policy.toml").read_text(encoding="utf-8")
    wrong_policy = right.replace("self.role IN", "self.rolle IN", 1)
    (site.home / "wrong-policy.toml").write_text(wrong_policy, encoding="utf-8")
    wrong = site.home / "wrong.toml"
    text = site.config.read_text(encoding="utf-8").replace("policy.toml", "wrong-policy.toml")
    wrong.write_text(text, encoding="utf-8")
    (said,) = (line for line in serve(wrong).said.splitlines() if "rolle" in line)
    checked = site.run("check", "--config", wrong)
    assert checked.returncode == NOT_COVERED
    assert said.removeprefix("fengcun: ") in checked.stdout


@contextmanager
def taken(port: int) -> Iterator[None]:
    with socket.socket() as other:
        other.bind((HOST, port))
        other.listen()
        yield


@contextmanager
def keys_of_another_log(site: Site) -> Iterator[None]:
    right, aside = site.home / "keys", site.home / "aside"
    right.rename(aside)
    readers = [part for name in RECIPIENTS
               for part in ("--recipient", site.home / "recipients" / f"{name}.pub")]  # fmt: skip
    site.must("keys", "init", "--keys", right, "--origin", ORIGIN, *readers)
    yield
    shutil.rmtree(right)
    aside.rename(right)


@contextmanager
def key_that_others_can_read(site: Site) -> Iterator[None]:
    key = site.home / "keys" / "log.key"
    key.chmod(0o640)
    yield
    key.chmod(0o600)


@contextmanager
def an_entry_altered(site: Site) -> Iterator[None]:
    bundle = max((site.log / "tile" / "entries" / "000.p").iterdir(), key=lambda p: int(p.name))
    right = bundle.read_bytes()
    bundle.write_bytes(bytes([*right[:-1], right[-1] ^ 1]))
    yield
    bundle.write_bytes(right)


SURROUNDINGS: dict[str, tuple[Callable[[Site], AbstractContextManager[None]], str, int]] = {
    "port-in-use": (lambda site: taken(site.port), "stop the other process", CONFIGURATION),
    "metrics-port-in-use": (lambda site: taken(site.metrics_port), "is in use", CONFIGURATION),
    "keys-of-another-log": (keys_of_another_log, "wrong key or foreign log", CONFIGURATION),
    "key-that-others-can-read": (key_that_others_can_read, "chmod 600", CONFIGURATION),
    "ledger-altered": (an_entry_altered, "does not match its tile", LEDGER),
}


@pytest.mark.parametrize(("surroundings", "words", "code"), SURROUNDINGS.values(), ids=SURROUNDINGS)
def test_wrong_surroundings_are_named(site: Site, surroundings, words, code):
    with surroundings(site):
        end = serve(site.config)
    assert end.plainly(words), end.said
    assert end.code == code


def test_none_of_it_has_touched_the_ledger(site: Site):
    assert site.verify()["intact"]


def test_a_ledger_where_a_sync_may_not_reach_a_disk_is_refused(site: Site):
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("there is no writable /dev/shm on this machine")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
        created = site.run("ledger", "create", "--log", memory, "--keys", site.home / "keys")
    assert created.returncode == CONFIGURATION
    assert "is on tmpfs, where a sync may not reach a disk" in created.stderr
