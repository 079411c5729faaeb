from __future__ import annotations

import pytest

from proxy.demo.scene import ClaimFailed, Entry, require


def test_a_claim_that_holds_passes_and_another_names_itself():
    require(True, "never said")
    with pytest.raises(ClaimFailed, match="the sealed row is as it was"):
        require(False, "the sealed row is as it was")


@pytest.mark.parametrize("value", [None, 7, ["a"]])
def test_a_field_that_is_no_word_is_empty(value):
    decision = Entry(1, "decision", {"rule": "sealed-rows", "other": value})
    assert decision.word("rule") == "sealed-rows"
    assert decision.word("other") == decision.word("missing") == ""
