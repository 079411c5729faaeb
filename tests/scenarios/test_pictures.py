"""The pictures of the documentation can be made again, and are those that it shows."""

import re
from pathlib import Path

import pytest
from PIL import Image

from tests.scenarios.chromium import PROGRAM
from tests.scenarios.pictures import IMAGES, WIDTH, pictures
from tests.scenarios.service import ROOT

BYTES_MAX = 150_000
NAMES = {"overview", "verification", "leads", "access", "check"}


def test_each_picture_is_small_and_shown():
    assert {path.stem for path in IMAGES.iterdir()} == NAMES
    text = (ROOT / "ledger/README.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"!\[[^\]]+\]\(\.\./deploy/images/(\w+)\.png\)", text))
    assert shown == NAMES
    for path in IMAGES.iterdir():
        assert path.stat().st_size < BYTES_MAX


@pytest.mark.slow
@pytest.mark.skipif(not PROGRAM, reason="chromium is not installed: apt-get install chromium")
async def test_they_are_made_again(tmp_path: Path):
    folder = tmp_path / "images"
    folder.mkdir()
    made = await pictures(folder, tmp_path)
    assert made.keys() == NAMES
    for name, path in made.items():
        assert path.stat().st_size < BYTES_MAX
        with Image.open(path) as image, Image.open(IMAGES / path.name) as shown:
            assert image.width == shown.width
            assert image.width == WIDTH or name == "check"
            assert len(image.getcolors() or ()) > 8
