"""Batch checks are made of the configuration, or it is said what is missing."""

from types import SimpleNamespace

import pytest

from proxy.desk.batch.desk import BatchDesk
from proxy.desk.batch.opening import open_batch_desk
from proxy.errors import ConfigurationError
from proxy.settings.desk import Desk
from tests.unit.proxy.desk.certificate.test_opening import settings_for


def opened(settings, tmp_path):
    desk = Desk(agency="合成市公安局", directory=tmp_path / "desk")
    settings = settings.model_copy(update={"desk": desk})
    return open_batch_desk(settings, None, SimpleNamespace(used={}), None, None)


def test_with_a_look_up_and_without(tmp_path, agency):
    settings = settings_for(tmp_path, agency)
    made = opened(settings, tmp_path)
    assert isinstance(made, BatchDesk)
    assert "id_no = ANY ($1::text[])" in made._rooms.gate.query
    without = opened(settings.model_copy(update={"certificate": None}), tmp_path)
    assert without._rooms.gate is None


def test_a_site_with_a_statement_of_its_own_has_one_for_lists_or_none(tmp_path, agency):
    (own := tmp_path / "own.sql").write_text("SELECT true")
    for name in ("one", "other", "third"):
        (tmp_path / name).mkdir()
    assert (
        opened(settings_for(tmp_path / "one", agency, query_file=own), tmp_path)._rooms.gate is None
    )
    both = settings_for(tmp_path / "other", agency, query_file=own, batch_query_file=own)
    assert opened(both, tmp_path)._rooms.gate.query == "SELECT true"
    missing = settings_for(tmp_path / "third", agency, batch_query_file=tmp_path / "no")
    with pytest.raises(ConfigurationError, match="batch_query_file"):
        opened(missing, tmp_path)
