from pathlib import Path

import pytest

from proxy.settings.shipped import shipped_file
from tests.world import HOST, Database


@pytest.fixture
def config(agency: Database, tmp_path: Path) -> Path:
    """A fengcun.toml for the agency's database with the shipped policy."""
    policy = tmp_path / "policy.toml"
    policy.write_bytes(shipped_file("policy.toml").read_bytes())
    file = tmp_path / "fengcun.toml"
    file.write_text(
        f"""
        [upstream]
        host = "{HOST}"
        port = {agency.port}
        databases = ["{agency.name}"]
        catalogue_user = "postgres"

        [ledger]
        directory = "log"
        keys = "keys"
        origin = "test.example/fengcun"

        [policy]
        file = "policy.toml"
        """,
        encoding="utf-8",
    )
    return file
