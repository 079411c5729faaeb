"""The list of what a permit may rest on: laws and administrative regulations, nothing else."""

import pytest

from proxy.desk.legal_bases import BasisKind, load_legal_bases
from proxy.desk.model import Purpose
from proxy.errors import ConfigurationError
from proxy.settings.shipped import shipped_file

GOOD = """[basis.a-law]
title = "合成法"
kind = "law"
articles = ["第1条", "第2条之1"]
purposes = ["case"]
"""


def test_a_basis_is_cited_with_its_articles(tmp_path):
    (tmp_path / "b.toml").write_text(GOOD)
    (basis,) = load_legal_bases(tmp_path / "b.toml").values()
    assert (basis.code, basis.cited, basis.kind) == (
        "a-law",
        "合成法第1条、第2条之1",
        BasisKind.LAW,
    )
    assert basis.purposes == {Purpose.CASE}


@pytest.mark.requirement("D1")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('kind = "law"', 'kind = "ministry-rule"'),
        ('kind = "law"', 'kind = "部门规章"'),
        ('kind = "law"\n', ""),
        ("a-law", "A_law"),
        ('["case"]', "[]"),
        ('["case"]', '["marketing"]'),
        ('"第1条"', '"1"'),
        ("合成法", "合成法》第2条"),
        ('title = "合成法"', 'title = ""'),
        ("purposes", "purpose"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused(tmp_path, old, new):
    assert old in GOOD
    (tmp_path / "b.toml").write_text(GOOD.replace(old, new, 1))
    with pytest.raises(ConfigurationError):
        load_legal_bases(tmp_path / "b.toml")


def test_the_shipped_list_serves_every_purpose_and_says_that_it_is_to_be_checked():
    bases = load_legal_bases()
    assert {each for basis in bases.values() for each in basis.purposes} == set(Purpose)
    assert "供核对" in shipped_file("legal_bases.toml").read_text(encoding="utf-8")
    assert not [basis.cited for basis in bases.values() if "办法" in basis.cited]
    batch = [b.cited for b in bases.values() if Purpose.CLOSE_CONTACT in b.purposes]
    assert "中华人民共和国未成年人保护法第62条" in batch
