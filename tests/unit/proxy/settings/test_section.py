"""What tables are made of."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from proxy.settings.desk import Desk
from proxy.settings.section import FilePath, Section


class Example(Section):
    """A table."""

    file: FilePath
    """A path."""


def test_a_relative_path_starts_at_the_files_directory():
    read = Example.model_validate({"file": "a"}, context={"directory": Path("/etc")})
    assert read.file == Path("/etc/a")
    assert Example.model_validate({"file": "/a"}).file == Path("/a")


def test_a_table_is_closed_and_does_not_change():
    with pytest.raises(ValidationError):
        Example.model_validate({"file": "a", "more": 1})
    with pytest.raises(ValidationError):
        Example(file=Path("a")).file = Path("b")


@pytest.mark.parametrize(
    "more",
    [
        {"valid_days_max": 0},
        {"valid_days_max": 367},
        {"valid_days_max": "30"},
        {"uses_max": 0},
        {"batch_subjects_max": 257},
        {"agency": " "},
        {"platforms": True},
    ],
)
def test_a_desk_that_cannot_be_meant_is_refused(more):
    given = {"agency": "合成市公安局", "directory": "/var/lib/fengcun/desk"}
    assert Desk.model_validate(given).valid_days_max == 30
    with pytest.raises(ValidationError):
        Desk.model_validate({**given, **more})
