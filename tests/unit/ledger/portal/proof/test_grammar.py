"""The browser's grammar as text; `test_forged_receipts` holds that it judges alike."""

import json
import re

from ledger.header import HEADER_BYTES_MAX, LINE_GRAMMARS
from ledger.portal.proof.grammar import grammar_script
from tests.unit.ledger.portal.proof.browser_check import STATIC


def table() -> dict[str, str]:
    script = grammar_script()
    found: dict[str, str] = json.loads(script[script.index("{") : script.rindex("}") + 1])
    return found


def test_every_kind_has_its_grammar():
    assert set(table()) == {kind.decode() for kind in LINE_GRAMMARS}
    assert f"HEADER_BYTES_MAX = {HEADER_BYTES_MAX};" in grammar_script()


def test_what_javascript_takes_otherwise_is_spelled_out():
    for source in table().values():
        assert not re.search(r"\\[wdsWDSb]", source)
        assert "\\p{L}" in source


def test_the_script_that_is_served_is_made_from_the_fields_of_now():
    assert (STATIC / "grammar.js").read_text() == grammar_script()
