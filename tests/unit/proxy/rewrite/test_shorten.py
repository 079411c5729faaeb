import pytest

from proxy.rewrite.edit import apply_edits
from proxy.rewrite.narrow import CannotNarrow
from proxy.rewrite.shorten import shorten
from proxy.rewrite.verify import TreeChanges
from proxy.statement.analyse import analyse
from proxy.statement.grammar import TextLimits
from tests.unit.proxy.small_world import CATALOGUE, PATH, base


def shortened(sql):
    analysis = analyse(sql, CATALOGUE, PATH, TextLimits())
    changes = TreeChanges()
    edits = shorten(analysis, {base("victims")}, changes)
    assert len(edits) == len(changes.shortened)
    return apply_edits(analysis.encoded, sorted(edits)).decode()


def test_only_the_columns_of_what_was_replaced_lose_their_schema():
    assert (
        shortened("SELECT base.victims.name, victims.id, base.courts.code FROM victims, courts")
        == "SELECT victims.name, victims.id, base.courts.code FROM victims, courts"
    )


def test_where_the_shorter_name_means_something_else_the_statement_is_refused():
    with pytest.raises(CannotNarrow, match="alias"):
        shortened("SELECT (SELECT base.victims.name FROM courts AS victims) FROM base.victims")
