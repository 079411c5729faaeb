"""A desk is made of the configuration, or the configuration is wrong."""

import pytest

from proxy.desk.certificate.desk import CertificateDesk
from proxy.desk.certificate.opening import configured, open_certificate_desk
from proxy.errors import ConfigurationError
from proxy.record.line import connect_ledger
from proxy.server.notary_process import start_notary
from proxy.settings.certificate import Certificate
from tests.unit.proxy.server.site import NOTARY_ARGUMENTS, make_settings


def settings_for(tmp_path, agency, **more):
    settings = make_settings(tmp_path, agency, 1)
    section = Certificate(organ="示例市公安局", directory=tmp_path / "forms", user="desk", **more)
    return settings.model_copy(update={"certificate": section})


async def test_a_desk_makes_its_directory(tmp_path, agency):
    settings = settings_for(tmp_path, agency)
    notary = await start_notary(settings.ledger, *NOTARY_ARGUMENTS)
    ledger = await connect_ledger(settings.ledger.socket_path, settings.ledger.keys)
    try:
        assert isinstance(open_certificate_desk(settings, ledger), CertificateDesk)
        assert (tmp_path / "forms").stat().st_mode & 0o777 == 0o700
        for wrong in ({"password_file": tmp_path / "no"}, {"query_file": tmp_path / "no"}):
            (home := tmp_path / f"{len(wrong)}-{next(iter(wrong))}").mkdir()
            with pytest.raises(ConfigurationError, match="cannot read"):
                open_certificate_desk(settings_for(home, agency, **wrong), ledger)
    finally:
        await ledger.close()
        await notary.stop()


def test_without_the_section_there_is_none(tmp_path, agency):
    with pytest.raises(ConfigurationError, match="certificate"):
        configured(make_settings(tmp_path, agency, 1))
