"""A desk that says yes to everybody, or a database with nothing in between: no step may go on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.demo.agency import Agency
from proxy.demo.desk_steps import (
    certificates_look_alike,
    court_is_permitted,
    platform_applies_in_vain,
)
from proxy.demo.scene import ClaimFailed
from proxy.demo.steps import Stage
from tests.unit.proxy.demo.serving import desk_that, yes


@pytest.fixture
def stage(demo, tmp_path):
    port = demo.cluster.port
    with desk_that(yes()) as (desk_port, _):
        yield Stage(Agency(tmp_path), demo.register, demo.cast, port, port, desk_port)


def test_a_certificate_for_everybody_is_no_proof(stage):
    with pytest.raises(ClaimFailed, match="an adult's record is still found"):
        certificates_look_alike(stage)


def test_no_certificate_for_the_sealed_is_no_proof(stage):
    with desk_that(yes("refusal")) as (port, _), pytest.raises(ClaimFailed, match="both get"):
        certificates_look_alike(replace(stage, desk_port=port))


def test_a_platform_that_gets_a_permit_ends_the_tour(stage):
    with pytest.raises(ClaimFailed, match="it is refused"):
        platform_applies_in_vain(stage)


def test_a_court_that_sees_without_a_permit_ends_the_tour(stage):
    with pytest.raises(ClaimFailed, match="nothing without a permit"):
        court_is_permitted(stage)


def unknown(stage: Stage) -> Stage:
    """The same tour about a number that is in no table."""
    cast = replace(stage.cast, minor=replace(stage.cast.minor, id_no=stage.cast.stranger.id_no))
    return replace(stage, cast=cast)


def test_an_officer_who_grants_what_they_took_in_ends_the_tour(stage):
    with pytest.raises(ClaimFailed, match="who took it in cannot grant it"):
        court_is_permitted(unknown(stage))


def test_a_permit_that_shows_nobody_ends_the_tour(stage):
    asked: list[str] = []

    def by_two(method: str, path: str) -> tuple[int, bytes]:
        asked.append(path)
        grants = [each for each in asked if each.endswith("/grant")]
        return (403, b"{}") if path.endswith("/grant") and len(grants) == 1 else yes()(method, path)

    with desk_that(by_two) as (port, said), pytest.raises(ClaimFailed, match="whom the permit"):
        court_is_permitted(replace(unknown(stage), desk_port=port))
    assert [each["path"].rpartition("/")[2] for each in said] == ["applications", "grant", "grant"]
    first, _, last = (each["credentials"] for each in said)
    assert first != last
