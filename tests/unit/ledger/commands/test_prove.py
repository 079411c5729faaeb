import json
from base64 import b64decode
from pathlib import Path

import pytest

from ledger.proof import parse_proof
from tests.unit.ledger.evidence.site import WITNESS, Site, log_of, make_site, run


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("prove"), 5)


def proof_of(site: Site, index: int, output: Path, *more: str) -> str:
    made = run(site, "prove", str(index), *log_of(site), "--output", str(output), *more)
    assert made.exit_code == 0, made.output
    return str(output)


def test_an_entry_is_proven(site: Site, tmp_path: Path):
    printed = run(site, "prove", "4", *log_of(site))
    assert printed.stdout.startswith("c2sp.org/tlog-proof@v1\nextra ")
    output = proof_of(site, 4, tmp_path / "receipt.tlog-proof")
    assert Path(output).read_text() == printed.stdout
    row = json.loads(run(site, "prove", "4", *log_of(site), "--json").stdout)
    assert row["proof"] == printed.stdout
    extra = printed.stdout.split("\n")[1].removeprefix("extra ")
    assert b64decode(extra).decode() == row["entry"]
    assert run(site, "prove", "4000", *log_of(site)).exit_code == 1


def test_a_receipt_is_verified_where_there_is_no_log(site: Site, tmp_path: Path):
    output = proof_of(site, 4, tmp_path / "r.tlog-proof")
    result = run(site, "verify", "--proof", output)
    assert result.exit_code == 0
    assert result.stdout.startswith("证明有效 / proof valid: entry 4 of 17\n")
    assert "未核对 / not checked: 记录自身的签名" in result.stdout
    genesis = proof_of(site, 0, tmp_path / "g.tlog-proof")
    with_key = run(site, "verify", "--proof", output, "--genesis", genesis, "--json")
    assert json.loads(with_key.stdout)["entry_signature_checked"] is True


def test_a_receipt_under_a_cosigned_checkpoint_names_the_witness(site: Site, tmp_path: Path):
    witness = ("--witness", str(site.log.root.parent / "witness.vkey"))
    output = proof_of(site, 4, tmp_path / "r.tlog-proof", *witness)
    told = run(site, "verify", "--proof", output, *witness)
    assert f"{WITNESS.name} at 2026-01-01" in told.stdout
    bare = proof_of(site, 4, tmp_path / "b.tlog-proof")
    assert run(site, "verify", "--proof", bare, *witness).exit_code == 1


def test_a_proof_of_another_tool_needs_the_entry_beside_it(site: Site, tmp_path: Path):
    output = Path(proof_of(site, 4, tmp_path / "r.tlog-proof"))
    text = output.read_text()
    output.write_text(text[: text.index("extra")] + text[text.index("index 4\n") :])
    alone = run(site, "verify", "--proof", str(output))
    assert (alone.exit_code, alone.stderr.count("\n")) == (1, 1)
    entry = tmp_path / "entry"
    proof = parse_proof(text.encode())
    assert proof.entry is not None
    entry.write_bytes(proof.entry)
    both = ("--proof", str(output), "--entry", str(entry))
    assert run(site, "verify", *both).exit_code == 0
    entry.write_bytes(proof.entry.replace(b"rewrite", b"allowed"))
    assert run(site, "verify", *both).exit_code == 1


def test_an_altered_receipt_is_1_and_wrong_usage_2(site: Site, tmp_path: Path):
    output = Path(proof_of(site, 4, tmp_path / "r.tlog-proof"))
    output.write_text(output.read_text().replace("index 4", "index 5"))
    wrong = run(site, "verify", "--proof", str(output))
    assert (wrong.exit_code, wrong.stdout, wrong.stderr.count("\n")) == (1, "", 1)
    assert run(site, "verify", "--proof", str(tmp_path / "none")).exit_code == 2
    assert run(site, "verify").exit_code == 2
    assert run(site, "verify", "--proof", str(output), *log_of(site)).exit_code == 2
