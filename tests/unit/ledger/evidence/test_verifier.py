"""The pack's own script, with nothing of Fengcun in reach."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.evidence.pack_check import check_pack
from ledger.evidence.verifier import as_json, main, told
from tests.unit.ledger.evidence.site import WITNESS, Site, make_site
from tests.unit.ledger.evidence.test_pack_check import edit_row


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("verifier"))


@pytest.fixture
def pack(site: Site, tmp_path: Path) -> Path:
    site.write(tmp_path / "pack", opened=True)
    return tmp_path / "pack"


def test_a_pack_is_checked_by_its_own_script_alone(site: Site, pack: Path, tmp_path: Path):
    key = site.log.root.parent / "log.vkey"
    run = [sys.executable, "-I", str(pack / "verify.py")]
    done = subprocess.run([*run, "--key", str(key)], cwd="/", capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("证据包完整 / pack intact: 272 entries of 272\n")
    without = subprocess.run([*run, "--json"], cwd="/", capture_output=True, text=True)
    assert (without.returncode, json.loads(without.stdout)["key_given"]) == (3, False)
    assert "ledger" not in (pack / "verify.py").read_text().split("import ")[1:]
    edit_row(pack, "entries/000000000000.jsonl", 7, entry="x")
    wrong = subprocess.run([*run, "--key", str(key)], cwd="/", capture_output=True, text=True)
    assert wrong.returncode == 1
    assert "第 7 号记录 / entry 7" in wrong.stdout
    nothing = subprocess.run([*run, "--key", "no"], cwd="/", capture_output=True, text=True)
    assert (nothing.returncode, nothing.stderr.count("\n")) == (2, 1)


def test_a_console_without_chinese_gets_its_answer(pack: Path):
    done = subprocess.run(
        [sys.executable, "-I", "-X", "utf8=0", str(pack / "verify.py")],
        env={"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"},
        capture_output=True,
    )
    assert done.returncode == 3
    assert b"pack intact: 272 entries of 272" in done.stdout


def test_what_was_not_checked_is_said(site: Site, pack: Path):
    result = check_pack(pack, site.pack_keys, [])
    assert as_json(result, own_key=False)["intact"] is True
    lines = told(result, own_key=True)
    assert "BEWARE" in lines[-1]
    assert any(f"cosigned by '{WITNESS.name}'" in line for line in lines)
    assert any("only a recipient's key" in line for line in lines)


def test_the_exit_code_says_it(site: Site, pack: Path, tmp_path: Path, capsys):
    key = ["--key", str(site.log.root.parent / "log.vkey")]
    assert main([str(pack), *key]) == 0
    assert main([str(pack)]) == 3
    assert main([str(tmp_path / "nothing"), *key]) == 2
    assert main([str(tmp_path), *key]) == 1
    capsys.readouterr()
