from __future__ import annotations

import json

import pytest

from proxy.demo.agency import ORIGIN, RECIPIENTS, Agency, CommandFailed, environment, fengcun
from proxy.demo.processes import ChildFailed
from proxy.settings import load_law, load_settings


@pytest.fixture(scope="module")
def agency(tmp_path_factory) -> Agency:
    agency = Agency(tmp_path_factory.mktemp("agency"))
    agency.create_keys_and_ledger()
    return agency


def test_the_ledger_is_there_and_intact_before_anything_is_served(agency):
    report = json.loads(agency.verify(as_json=True))
    assert (report["intact"], report["origin"], report["size"]) == (True, ORIGIN, 1)
    assert list(agency.decisions(start=0)) == []


def test_private_keys_are_ours_alone(agency):
    private = [agency.supervisor, agency.home / "keys" / "log.key"]
    assert [path.stat().st_mode & 0o077 for path in private] == [0, 0]
    assert len(RECIPIENTS) == 2


def test_what_is_configured_is_what_the_service_reads(agency):
    agency.configure(database_port=5555, listen_port=6666, metrics_port=7777)
    settings = load_settings(agency.configuration)
    assert (settings.upstream.port, settings.listen.port) == (5555, 6666)
    assert settings.metrics is not None
    assert settings.metrics.port == 7777
    assert settings.ledger.directory == agency.log
    assert settings.upstream.catalogue_password() == "synthetic"
    assert load_law(settings.policy.file).relations


def test_a_command_that_fails_says_which_and_why(agency):
    with pytest.raises(CommandFailed, match=r"ledger create failed: .*not empty") as failed:
        fengcun("ledger", "create", "--log", agency.log, "--keys", agency.home / "keys")
    assert failed.value.code == 2


def test_commands_are_not_led_astray_by_the_environment(monkeypatch):
    monkeypatch.setenv("PGHOST", "elsewhere")
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "/nowhere")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert not {"PGHOST", "PROMETHEUS_MULTIPROC_DIR", "FORCE_COLOR"} & environment().keys()
    assert "\x1b" not in fengcun("--help")


def test_a_service_that_cannot_start_is_tried_once_and_quoted(demo, tmp_path):
    without_keys = Agency(tmp_path)
    with pytest.raises(ChildFailed, match="fengcun serve ended; it said:") as failed:
        without_keys.serve(demo.cluster, None)
    [said] = (tmp_path / "fengcun.log").read_text(encoding="utf-8").strip().splitlines()[-1:]
    assert said in str(failed.value)
    assert (tmp_path / "fengcun.log").read_text(encoding="utf-8").count(said) == 1
