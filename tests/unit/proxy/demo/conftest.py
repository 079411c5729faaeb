"""The demo's embedded database with a small population, started once."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from proxy.demo.cast import Cast, introduce
from proxy.demo.database import Cluster
from proxy.demo.people import Names, Population
from proxy.demo.register import Register
from proxy.settings.shipped import shipped_file


@dataclass(frozen=True, slots=True)
class Demo:
    """A loaded cluster, and what was loaded. ``progress`` is what the loader reported."""

    cluster: Cluster
    register: Register
    cast: Cast
    progress: list[tuple[int, int]]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    home = tmp_path_factory.mktemp("demo")
    below = home.parents[: len(home.parents) - 2]  # of /tmp: everybody may pass that
    for directory in (home, *below):
        directory.chmod(0o711)  # root's server runs as somebody else, who has to come by
    names = Names(**tomllib.loads(shipped_file("demo/names.toml").read_text(encoding="utf-8")))
    register = Register()
    cast = introduce(register, names)
    Population(names, seed=1, register=register).populate(cases_count=200, bystanders_count=20)
    cluster = Cluster(home / "postgres")
    progress: list[tuple[int, int]] = []
    try:
        cluster.start()
        cluster.load(
            register,
            (shipped_file("demo/schema.sql"), shipped_file("demo/roles.sql")),
            lambda done, total: progress.append((done, total)),
        )
        yield Demo(cluster, register, cast, progress)
    finally:
        cluster.close()
