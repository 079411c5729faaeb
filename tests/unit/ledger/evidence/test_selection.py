import pytest

from ledger.errors import FormatError
from ledger.evidence.proven import ProvenLog
from ledger.evidence.selection import Selection, select
from ledger.fetch import DirectoryLog
from tests.unit.ledger.evidence.site import Site, make_site
from tests.unit.ledger.small_log import SmallLog


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """272 entries; the key entries are 1 and 264."""
    return make_site(tmp_path_factory.mktemp("selection"))


@pytest.mark.parametrize(
    ("arguments", "ranges", "context"),
    [
        ({"since": "0"}, ((0, 271),), ()),
        ({"since": 264}, ((264, 271),), (0,)),
        ({"since": "266", "until": "266"}, ((266, 266),), (0, 264)),
        ({"until": "3"}, ((0, 3),), ()),
        ({"indices": [7, 5, 6, 100, 7]}, ((5, 7), (100, 100)), (0, 1)),
        ({"since": "270", "indices": [1]}, ((1, 1), (270, 271)), (0, 264)),
        ({"since": "2026-01-01"}, ((0, 271),), ()),
        ({"since": "2025-12-31", "until": "2026-01-01"}, ((0, 271),), ()),
    ],
)
def test_what_is_asked_for_is_selected_and_what_it_needs_comes_along(
    site: Site, arguments, ranges, context
):
    selection = select(site.proven, **arguments)
    assert (selection.ranges, selection.context) == (ranges, context)


@pytest.mark.parametrize(
    "arguments",
    [{"indices": [272]}, {"since": "272"}, {"since": "9", "until": "8"}, {"until": "2025-12-31"},
     {"since": "soon"}, {"since": "2026-01-02"}, {"indices": []}],
)  # fmt: skip
def test_what_selects_nothing_is_an_error(site: Site, arguments):
    with pytest.raises(FormatError):
        select(site.proven, **arguments)


def test_a_clock_that_goes_back_leaves_a_gap(tmp_path):
    log = SmallLog(tmp_path / "log").create().open()
    start = log.clock.now_ms
    for minutes in (1, 3, 0, 2):
        log.clock.now_ms = start + minutes * 60_000
        log.append(1)
    log.close()
    proven = ProvenLog(DirectoryLog(log.root), [log.keys.log.verifier])
    selection = select(proven, since="2026-01-01T00:01:00Z", until="2026-01-01T00:02:30Z")
    assert selection.ranges == ((3, 3), (6, 7))


def test_bundles_and_roles_are_in_order():
    selection = Selection(((5, 7), (600, 1030)), (0, 300))
    assert list(selection.bundles()) == [0, 1, 2, 3, 4]
    roles = [(0, "context"), (5, "selected"), (6, "selected"), (7, "selected")]
    assert selection.within(0, 255) == roles
    assert selection.within(256, 511) == [(300, "context")]
    assert len(selection.within(768, 1023)) == 256
    assert selection.count == 434
    assert list(Selection(((1024, 1025),), (0,)).bundles()) == [0, 4]
