import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.ledger.evidence.site import Site, identity_of, log_of, make_site, rows, run


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("export"), 20)


def export(site: Site, output: Path, *arguments: str):
    return run(site, "export", *log_of(site), "--output", str(output), *arguments)


def file(site: Site, name: str) -> str:
    return str(site.log.root.parent / name)


@pytest.mark.parametrize("name", ["pack", "pack.zip"])
def test_what_is_new_since_a_checkpoint_is_handed_over(site: Site, tmp_path: Path, name: str):
    pack = tmp_path / name
    made = export(
        site, pack, "--since", file(site, "seen"), "--witness", file(site, "witness.vkey"), "--json"
    )
    assert made.exit_code == 0, made.output
    row = json.loads(made.stdout)
    assert (row["count"], row["selected"]) == (8, [[24, 31]])
    witness = ("--witness", file(site, "witness.vkey"))
    checked = run(site, "verify", "--pack", str(pack), *witness)
    assert checked.exit_code == 0
    assert "the log of 24 entries seen before" in checked.stdout
    assert row["manifest_sha256"] in checked.stdout
    again = json.loads(run(site, "verify", "--pack", str(pack), "--json").stdout)
    assert again["manifest_sha256"] == row["manifest_sha256"]


def test_some_entries_in_plain_text(site: Site, tmp_path: Path):
    made = export(site, tmp_path / "p", "--index", "5", "--index", "9", *identity_of(site))
    assert "confidential" in made.stdout
    assert [row["index"] for row in rows(tmp_path / "p", "opened/000000000000.jsonl")] == [5, 9]
    assert export(site, tmp_path / "p", "--index", "5").exit_code == 2


def test_a_day_is_exported(site: Site, tmp_path: Path):
    day = ("--since", "2026-01-01", "--until", "2026-01-01", "--json")
    assert json.loads(export(site, tmp_path / "p", *day).stdout)["count"] == 32


@pytest.mark.parametrize(
    ("arguments", "code"),
    [([], 2), (["--index", "99"], 1), (["--since", "2030-01-01"], 1), (["--since", "soon"], 1)],
)
def test_nothing_to_export_is_one_line_and_no_pack(site, tmp_path, arguments, code):
    refused = export(site, tmp_path / "p", *arguments)
    assert (refused.exit_code, refused.stderr.count("\n")) == (code, 1)
    assert not (tmp_path / "p").exists()


def test_a_checkpoint_of_another_log_continues_nothing(site: Site, tmp_path: Path):
    (tmp_path / "seen").write_bytes(site.seen.replace(b"\n24\n", b"\n23\n"))
    refused = export(site, tmp_path / "p", "--since", str(tmp_path / "seen"))
    assert (refused.exit_code, "not a checkpoint of this log" in refused.stderr) == (2, True)


def test_a_bad_pack_is_1_and_names_the_entry(site: Site, tmp_path: Path):
    export(site, tmp_path / "p", "--since", "0")
    entries = tmp_path / "p/entries/000000000000.jsonl"
    entries.write_bytes(entries.read_bytes().replace(b"rewrite", b"allowed", 1))
    result = run(site, "verify", "--pack", str(tmp_path / "p"))
    assert result.exit_code == 1
    assert "第 3 号记录 / entry 3" in result.stdout
    told = json.loads(run(site, "verify", "--pack", str(tmp_path / "p"), "--json").stdout)
    assert (told["intact"], told["faults"][0]["index"]) == (False, 3)
    assert run(site, "verify", "--pack", str(tmp_path / "none")).exit_code == 2


def test_a_witness_that_is_asked_for_must_have_cosigned(site: Site, tmp_path: Path):
    export(site, tmp_path / "p", "--index", "5")
    witness = ("--witness", file(site, "witness.vkey"))
    refused = run(site, "verify", "--pack", str(tmp_path / "p"), *witness)
    assert (refused.exit_code, "cosigned nothing in this pack" in refused.stdout) == (1, True)
    script = [sys.executable, "-I", str(tmp_path / "p/verify.py")]
    key = ("--key", file(site, "log.vkey"))
    assert subprocess.run([*script, *key], capture_output=True).returncode == 0
    assert subprocess.run([*script, *key, *witness], capture_output=True).returncode == 1
