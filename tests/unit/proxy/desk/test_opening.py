"""A desk from the settings of a service."""

import pytest

from proxy.desk.opening import open_desk, terms_of
from proxy.errors import ConfigurationError
from proxy.settings.desk import Desk as DeskSettings
from tests.unit.proxy.desk.counter import APPROVER, BASES, CASE, CLERK, LAW


def settings(directory, **more):
    return DeskSettings(agency=CASE.agency, directory=directory, **more)


def test_the_terms_are_those_of_the_settings(tmp_path):
    terms = terms_of(settings(tmp_path, valid_days_max=3, uses_max=4, batch_subjects_max=5))
    assert (terms.agency, terms.bases) == (CASE.agency, BASES)
    assert (terms.valid_days_max, terms.uses_max, terms.batch_subjects_max) == (3, 4, 5)


def test_a_site_may_have_its_own_list_of_bases(tmp_path):
    (tmp_path / "bases.toml").write_text(
        '[basis.own]\ntitle = "合成条例"\nkind = "administrative-regulation"\n'
        'articles = []\npurposes = ["case"]\n'
    )
    terms = terms_of(settings(tmp_path, legal_bases_file=tmp_path / "bases.toml"))
    assert terms.bases.keys() == {"own"}


async def test_a_desk_is_opened_on_a_ledger(site):
    given = settings(site.desk_directory)
    async with site.notary() as line:
        desk = await open_desk(given, site.ledger, line, site.metrics, lambda: LAW, site.enforce)
        await desk.start()
        number = (await desk.apply(CLERK, CASE)).number
        await desk.grant(APPROVER, number)
        assert site.numbers_in_force() == {number}
        await desk.close()


async def test_a_directory_that_others_may_read_is_a_mistake(site):
    site.desk_directory.mkdir()
    site.desk_directory.chmod(0o755)
    async with site.notary() as line:
        with pytest.raises(ConfigurationError, match="0700"):
            await open_desk(
                settings(site.desk_directory),
                site.ledger,
                line,
                site.metrics,
                lambda: LAW,
                site.enforce,
            )
