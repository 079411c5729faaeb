from __future__ import annotations

import pytest

from proxy.demo.agency import (
    APPROVER,
    CLERK,
    COURT,
    OFFICER_PASSWORD,
    ORIGIN,
    PLATFORM,
    RECIPIENTS,
    Agency,
    CommandFailed,
    Ports,
    environment,
    fengcun,
)
from proxy.demo.processes import ChildFailed
from proxy.desk.model import Role
from proxy.desk.officers import read_officers
from proxy.policy.law import PrincipalKind
from proxy.settings import load_law, load_settings
from proxy.settings.shipped import shipped_file

PORTS = Ports(database=5555, listen=6666, metrics=7777, desk=8888)


@pytest.fixture(scope="module")
def agency(tmp_path_factory) -> Agency:
    agency = Agency(tmp_path_factory.mktemp("agency"))
    agency.create_keys_and_ledger()
    return agency


def test_the_ledger_is_there_and_intact_before_anything_is_served(agency):
    assert "record intact: 1 entry" in agency.verify()
    assert agency.entries("decision", "permit") == ()
    [genesis] = agency.entries("genesis", identity=agency.supervisor)
    assert (genesis.index, genesis.kind) == (0, "genesis")
    assert ORIGIN in agency.verify()
    assert agency.published_count == 1


def test_private_keys_are_ours_alone(agency):
    private = [agency.supervisor, agency.home / "keys" / "log.key"]
    assert [path.stat().st_mode & 0o077 for path in private] == [0, 0]
    assert len(RECIPIENTS) == 2


def test_what_is_configured_is_what_the_service_reads(agency):
    agency.configure(PORTS)
    settings = load_settings(agency.configuration)
    assert (settings.upstream.port, settings.listen.port) == (5555, 6666)
    assert settings.metrics is not None
    assert settings.metrics.port == 7777
    assert settings.ledger.directory == agency.log
    assert settings.upstream.catalogue_password() == "synthetic"
    assert settings.desk is not None
    assert (settings.desk.port, settings.desk.officers_file) == (8888, agency.officers)
    assert settings.certificate is not None
    assert settings.certificate.directory == agency.certificates
    assert settings.scan is not None
    assert settings.scan.user == "agency_scan"


def test_the_policy_is_the_shipped_one_and_two_judicial_organs(agency):
    agency.configure(PORTS)
    shipped = load_law(shipped_file("policy.toml"))
    added = agency.law.principals[len(shipped.principals) :]
    assert agency.law.principals[: len(shipped.principals)] == shipped.principals
    assert {each.kind for each in added} == {PrincipalKind.JUDICIAL}
    kinds = {each.name: each.kind for each in agency.law.principals}
    assert (kinds[COURT], kinds[PLATFORM]) == (PrincipalKind.JUDICIAL, PrincipalKind.PLATFORM)
    assert agency.people_an_hour > 0


def test_nobody_may_both_take_in_and_decide(agency):
    agency.configure(PORTS)
    agency.add_officers()
    accounts = read_officers(agency.officers)
    roles = {name: account.officer.roles for name, account in accounts.items()}
    assert roles == {CLERK: {Role.CLERK}, APPROVER: {Role.APPROVER}}
    assert all(each.password.fits(OFFICER_PASSWORD) for each in accounts.values())


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
