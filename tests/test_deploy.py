"""What is shipped for operators is checked by the operators' own tools, and against the code."""

import json
import os
import re
import shutil
import stat
import subprocess
from collections import defaultdict
from dataclasses import fields
from pathlib import Path

import pytest
from prometheus_client.metrics import MetricWrapperBase

from proxy.policy.wording import SENTENCES
from proxy.settings import service
from proxy.telemetry.endpoint import Health
from proxy.telemetry.metrics import Metrics
from tests.unit.proxy.policy.test_wording import names_in

DEPLOY = Path(__file__).parents[1] / "deploy"
README = (DEPLOY / "README.md").read_text(encoding="utf-8")
DASHBOARD = json.loads((DEPLOY / "grafana/fengcun.json").read_text(encoding="utf-8"))
LOCKS = sorted(DEPLOY.glob("requirements*.lock"))

UNITS = ("fengcun.service", "fengcun-witness.service", "fengcun-portal.service")

LISTEN_PORT = str(service.Listen().port)
METRICS_PORT = str(service.Metrics().port)
EXPOSURE_MAX = 1.5
OF_OTHERS = {"up", "node_filesystem_avail_bytes"}
METRIC = re.compile(r"\b(?:fengcun_\w+|node_\w+|up)\b")


def _tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    return output


def _described() -> dict[str, tuple[str, ...]]:
    """Metric name as people query it -> its labels."""
    return {
        metric._name + ("_total" if metric._type == "counter" else ""): tuple(metric._labelnames)
        for metric in Metrics().registry._collector_to_names
        if isinstance(metric, MetricWrapperBase)
    }


def _series() -> set[str]:
    suffixes = ("", "_bucket", "_count", "_sum")
    return OF_OTHERS | {name + suffix for name in _described() for suffix in suffixes}


def _table(heading: str) -> list[list[str]]:
    """The rows of the table under a heading of the runbook, cell by cell."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def _alerts() -> list[str]:
    text = (DEPLOY / "prometheus/alerts.yml").read_text(encoding="utf-8")
    return re.findall(r"^ *- alert: (\w+)$", text, re.MULTILINE)


def rules_not_understood() -> set[str]:
    """The rules that the alert on statements that are not understood adds up."""
    text = (DEPLOY / "prometheus/alerts.yml").read_text(encoding="utf-8")
    alert = text.split("- alert: FengcunNotUnderstood\n")[1].split("- alert:")[0]
    (rules,) = re.findall(r'fengcun_decisions_total\{rule=~"([a-z|-]+)"\}', alert)
    return set(rules.split("|"))


def test_every_part_of_the_health_is_in_the_runbook():
    assert [part.strip("`") for part, _ in _table("Health")] == [f.name for f in fields(Health)]


def test_every_metric_is_in_the_runbook_with_its_labels_and_nothing_else_is():
    documented = {
        name.strip("`"): tuple(re.findall(r"`(\w+)`", labels))
        for name, labels, _ in _table("Metrics")
    }
    assert documented == _described()


def test_every_alert_is_in_the_runbook_and_has_its_own_test():
    tested = (DEPLOY / "prometheus/alerts.test.yml").read_text(encoding="utf-8")
    assert [row[0].strip("`") for row in _table("Alerts")] == _alerts()
    assert sorted(set(re.findall(r"alertname: (\w+)", tested))) == sorted(_alerts())


def test_alerts_use_metrics_that_exist():
    text = (DEPLOY / "prometheus/alerts.yml").read_text(encoding="utf-8")
    expressions = "".join(re.findall(r"expr:(.*?)(?:for|labels):", text, re.DOTALL))
    assert len(METRIC.findall(expressions)) >= len(_alerts())
    assert set(METRIC.findall(expressions)) <= _series()


def test_what_counts_as_not_understood_is_every_rule_for_a_text_that_cannot_be_judged():
    proxy = DEPLOY.parent / "proxy"
    grammar, understood = (
        names_in((proxy / path).read_text(encoding="utf-8"))
        for path in ("statement/grammar.py", "policy/rules/understood.py")
    )
    # A system column is understood, and of a relation that is protected.
    wanted = grammar | understood - {"system-column"}
    wanted |= {"not-understood", "text-encoding", "internal"}
    assert rules_not_understood() == wanted <= SENTENCES.keys()
    (panel,) = (panel for panel in DASHBOARD["panels"] if "Not understood" in panel["title"])
    assert f'rule=~"{"|".join(sorted(wanted))}"' in panel["targets"][0]["expr"]


def test_the_dashboard_uses_metrics_that_exist_and_shows_all_of_them():
    expressions = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    used = {name for expression in expressions for name in METRIC.findall(expression)}
    assert used <= _series()
    shown = {re.sub(r"_(bucket|count|sum)$", "", name) for name in used}
    assert shown == _described().keys()


def test_the_dashboard_has_panels_that_do_not_overlap_and_explain_themselves():
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["title"] and panel["description"] for panel in panels)
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "config", "scrape.yml"),
        ("check", "rules", "alerts.yml"),
        ("test", "rules", "alerts.test.yml"),
    ],
    ids=" ".join,
)
def test_promtool_accepts(arguments):
    *verb, name = arguments
    assert "SUCCESS" in _run(_tool("promtool"), *verb, str(DEPLOY / "prometheus" / name))


@pytest.mark.parametrize("name", UNITS)
def test_the_unit_is_well_formed(tmp_path, name):
    analyse = _tool("systemd-analyze")
    unit = (DEPLOY / "systemd" / name).read_text(encoding="utf-8")
    # The command is not installed where tests run; everything else is checked as shipped.
    runnable = tmp_path / name
    runnable.write_text(unit.replace("/opt/fengcun/bin/fengcun", "/bin/true"), encoding="utf-8")
    assert name not in _run(analyse, "verify", "--man=no", str(runnable))


@pytest.mark.parametrize("name", UNITS)
def test_the_unit_leaves_little_exposed(name):
    unit = str(DEPLOY / "systemd" / name)
    report = _run(_tool("systemd-analyze"), "security", "--offline=true", "--no-pager", unit)
    found = re.search(r"exposure level for \S+: ([\d.]+)", report)
    assert found, report
    assert float(found[1]) <= EXPOSURE_MAX


def test_the_user_and_its_directories_are_made_as_the_unit_expects(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root may give files to another user")
    sysusers, tmpfiles = _tool("systemd-sysusers"), _tool("systemd-tmpfiles")
    (tmp_path / "etc").mkdir()
    systemd = DEPLOY / "systemd"
    for name in ("fengcun.sysusers", "fengcun-witness.sysusers", "fengcun-portal.sysusers"):
        _run(sysusers, f"--root={tmp_path}", str(systemd / name))
    assert "\nfengcun-witness:x:" in "\n" + (tmp_path / "etc/passwd").read_text()
    _run(tmpfiles, "--create", f"--root={tmp_path}", str(systemd / "fengcun.tmpfiles"))
    user = re.search(r"^fengcun:x:(\d+):", (tmp_path / "etc/passwd").read_text(), re.MULTILINE)
    assert user
    made = {
        name: ((tmp_path / name).stat().st_uid == int(user[1]), (tmp_path / name).stat().st_mode)
        for name in ("etc/fengcun", "etc/fengcun/keys", "var/lib/fengcun")
    }
    assert made == {
        "etc/fengcun": (False, stat.S_IFDIR | 0o750),
        "etc/fengcun/keys": (True, stat.S_IFDIR | 0o700),
        "var/lib/fengcun": (True, stat.S_IFDIR | 0o750),
    }


@pytest.mark.parametrize(
    ("name", "pattern", "ports"),
    [
        ("Containerfile", r"^EXPOSE (\d+) (\d+)$", [(LISTEN_PORT, METRICS_PORT)]),
        ("kubernetes/fengcun.yaml", r"containerPort: (\d+)", [LISTEN_PORT, METRICS_PORT]),
        ("prometheus/scrape.yml", r'"127\.0\.0\.1:(\d+)"', [METRICS_PORT]),
    ],
)
def test_ports_are_those_the_service_listens_on_by_default(name, pattern, ports):
    text = (DEPLOY / name).read_text(encoding="utf-8")
    assert re.findall(pattern, text, re.MULTILINE) == ports


def test_kubernetes_reads_the_manifest():
    assert "kind: StatefulSet" in _run(_tool("kubectl"), "kustomize", str(DEPLOY / "kubernetes"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_pins_and_hashes_everything_and_names_no_host(lock):
    text = lock.read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=[a-z0-9])", text)[1:]
    assert len(blocks) > 4
    for block in blocks:
        assert re.match(r"[\w.-]+==[\w.+]+", block), block.splitlines()[0]
        assert "--hash=sha256:" in block, block.splitlines()[0]
    assert not re.search(r"https?:|--(extra-)?index|--find-links|\bfile:", text)


def test_the_locks_agree_with_one_another():
    pins = defaultdict(set)
    for lock in LOCKS:
        for name, version in re.findall(
            r"^([\w.-]+)==([\w.+]+)", lock.read_text(encoding="utf-8"), re.MULTILINE
        ):
            pins[name].add(version)
    assert {name: found for name, found in pins.items() if len(found) > 1} == {}


def test_the_image_ships_neither_the_demonstration_nor_a_root_user():
    lines = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    assert "requirements-demo" not in lines
    assert "requirements-dev" not in lines
    assert re.findall(r"^USER (\S+)$", lines, re.MULTILINE) == ["10001:10001"]
    assert lines.count("--require-hashes") == lines.count("pip install --only-binary")
