"""No two places on a page overlap, and every field has its own."""

import itertools

import pytest

from proxy.desk.certificate.form import Document, Form
from proxy.desk.certificate.layout import LABEL_X, PAGE, ROWS, boxes, row_box


def overlap(a, b):
    return (
        a.x < b.x + b.width and b.x < a.x + a.width
        and a.y < b.y + b.height and b.y < a.y + a.height
    )  # fmt: skip


@pytest.mark.parametrize("form", Form)
def test_places_are_apart_and_on_the_page(form):
    places = boxes(form)
    assert not [
        (a, b) for a, b in itertools.combinations(places, 2) if overlap(places[a], places[b])
    ]
    for box in places.values():
        assert 0 < LABEL_X <= box.x
        assert box.x + box.width <= PAGE[0]
        assert 0 < box.y < box.y + box.height <= PAGE[1]


@pytest.mark.parametrize("form", Form)
def test_rows_are_of_fields_and_from_above(form):
    fields = [field for field, _ in ROWS[form]]
    assert set(fields) <= Document.__dataclass_fields__.keys()
    assert len(set(fields)) == len(fields)
    assert row_box(0).y > row_box(1).y
