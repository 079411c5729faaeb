import json
from pathlib import Path

import pytest

from tests.unit.ledger.evidence.site import Site, log_of, make_site, run
from tests.unit.ledger.evidence.test_consistency import fork_of


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("consistency"), 20)


def files(site: Site) -> tuple[str, str]:
    return str(site.log.root.parent / "seen"), str(site.log.root / "checkpoint")


def test_two_checkpoints_in_any_order_with_a_log_and_then_without(site: Site, tmp_path: Path):
    proof = str(tmp_path / "proof")
    made = run(site, "consistency", *files(site), *log_of(site), "--output", proof)
    assert made.exit_code == 0
    assert made.stdout == "一致 / consistent: the log of 32 entries begins with the 24\n"
    without = run(site, "consistency", *reversed(files(site)), "--proof", proof, "--json")
    assert json.loads(without.stdout) == {"consistent": True, "old_size": 24, "size": 32}


def test_a_fork_is_1_and_says_so(site: Site, tmp_path: Path):
    fork = tmp_path / "fork-checkpoint"
    fork.write_bytes(fork_of(site, tmp_path / "fork"))
    for pair in ((str(fork), files(site)[1]), (files(site)[1], str(fork))):
        result = run(site, "consistency", *pair, *log_of(site))
        assert (result.exit_code, "FORK" in result.stdout) == (1, True)
    both = run(site, "consistency", str(fork), files(site)[0], *log_of(site), "--json")
    assert (both.exit_code, json.loads(both.stdout)["fault"]) == (1, "fork")


def test_a_log_that_forked_from_the_newer_checkpoint_says_so(site: Site, tmp_path: Path):
    fork_of(site, tmp_path / "fork", count=40)
    result = run(site, "consistency", *files(site), "--log", str(tmp_path / "fork"))
    assert (result.exit_code, "FORK" in result.stdout) == (1, True)


def test_a_proof_for_something_else_is_1(site: Site, tmp_path: Path):
    proof = tmp_path / "proof"
    run(site, "consistency", *files(site), *log_of(site), "--output", str(proof))
    old = files(site)[0]
    assert run(site, "consistency", old, old, "--proof", str(proof)).exit_code == 1
    proof.write_bytes(proof.read_bytes().replace(b"old 24", b"old 23"))
    refused = run(site, "consistency", *files(site), "--proof", str(proof))
    assert (refused.exit_code, refused.stderr.count("\n")) == (1, 1)
    assert run(site, "consistency", *files(site)).exit_code == 2
