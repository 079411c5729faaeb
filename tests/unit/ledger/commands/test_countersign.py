from __future__ import annotations

import json
from pathlib import Path

import pytest

from ledger.cli import keys_app, ledger_app
from tests.unit.ledger.commands.logs import RUN, small_log, verify
from tests.unit.ledger.sm2_signer import NAME, python_signer, sm2_signer
from tests.unit.ledger.small_log import SmallLog


@pytest.fixture
def log(tmp_path: Path) -> SmallLog:
    return small_log(tmp_path)


def countersign(log: SmallLog, key: Path, signer: str, *more: str):
    command = ["countersign", "--log", str(log.root), "--key", str(log.root.parent / "log.vkey")]
    return RUN.invoke(
        ledger_app, [*command, "--countersigner", str(key), "--signer", signer, *more]
    )


def name_key(pem: Path, vkey: Path):
    command = ["countersigner", str(pem), "--name", NAME, "--output", str(vkey)]
    return RUN.invoke(keys_app, command)


@pytest.mark.requirement("G10")
def test_from_a_pem_to_a_log_that_is_held_against_the_second_signature(
    log: SmallLog, tmp_path: Path
):
    key, signer = sm2_signer(tmp_path)
    vkey = tmp_path / "sm2.vkey"
    named = RUN.invoke(
        keys_app,
        ["countersigner", str(tmp_path / "sm2.pub"), "--name", NAME, "--output", str(vkey)],
    )
    assert (named.exit_code, named.stdout.strip()) == (0, str(key))
    before = verify(log, "--countersigner", str(vkey))
    assert (before.exit_code, "countersigned nothing" in before.stderr) == (1, True)
    assert countersign(log, vkey, signer).exit_code == 0
    told = json.loads(countersign(log, vkey, signer, "--json").stdout)
    assert told == {"countersigner": NAME, "size": 9}
    after = verify(log, "--countersigner", str(vkey))
    assert after.exit_code == 0
    assert f"countersigned {NAME}: 9 entries" in after.stdout
    assert json.loads(verify(log, "--countersigner", str(vkey), "--json").stdout)[
        "countersigners"
    ] == [{"countersigner": NAME, "size": 9}]
    (log.root / "countersigned" / key.id.hex()).write_bytes((log.root / "checkpoint").read_bytes())
    assert verify(log, "--countersigner", str(vkey)).exit_code == 1
    assert verify(log).exit_code == 0


def test_a_signer_that_signs_nothing_is_1_and_one_line(log: SmallLog, tmp_path: Path):
    key, _ = sm2_signer(tmp_path)
    (tmp_path / "sm2.vkey").write_text(str(key))
    done = countersign(log, tmp_path / "sm2.vkey", python_signer("print('no')"))
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)


@pytest.mark.parametrize("text", ["", "PRIVATE", "ledger.example/a+00000000+AAAA"])
def test_a_key_of_another_kind_is_2_and_one_line(log: SmallLog, tmp_path: Path, text: str):
    (tmp_path / "other").write_text(text)
    for done in (
        countersign(log, tmp_path / "other", "nobody is asked"),
        verify(log, "--countersigner", str(tmp_path / "other")),
        RUN.invoke(
            keys_app,
            [
                "countersigner",
                str(tmp_path / "other"),
                "--name",
                "a",
                "--output",
                str(tmp_path / "x"),
            ],
        ),
    ):
        assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
