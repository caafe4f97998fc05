"""Two engines read a picture: what the second finds by itself is kept apart, boxes are whole pixels, and the attachment holds it all."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image as Pillow

from schemas.errors import NotInstalledError
from schemas.sample import Stored
from synth.readers import twice
from synth.readers.engines import PlacedReading, Reading
from synth.readers.models import engine_assets, second_reader
from synth.readers.twice import Readings, StrayWord, TwiceRead, languages_read_twice, read_twice, readings_attachment, stored_readings

PICTURE = Pillow.new("RGB", (200, 100), (255, 255, 255))


def test_what_engines_say_is_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words that lie in found lines, short ones and unsure ones are none that were missed."""
    monkeypatch.setattr(twice, "read_page", lambda picture, least_found: [PlacedReading("A line", (9.6, 10.2, 101.2, 100.4), 0.987)])
    monkeypatch.setattr(twice, "read_box", lambda picture, box, reader: Reading(f"{box} {reader}", 0.5))
    words = [
        PlacedReading("line", (50.0, 20.0, 90.0, 40.0), 0.9),
        PlacedReading("EXIT", (150.0, 20.0, 190.0, 40.0), 0.9),
        PlacedReading("a-", (150.0, 60.0, 190.0, 80.0), 0.9),
        PlacedReading("grass", (150.0, 60.0, 190.0, 80.0), 0.7),
    ]
    monkeypatch.setattr(twice, "find_words", lambda picture, reader: words)
    box = (9.0, 10.0, 102.0, 100.0)  # outwards to whole pixels, but not out of the picture
    found = read_twice(PICTURE, "en")
    assert found == Readings((TwiceRead(box, "A line", f"{box} tesseract:eng", 99),), (StrayWord((150.0, 20.0, 190.0, 40.0), "EXIT"),))
    attachment = readings_attachment(found)
    assert stored_readings(Stored((), (), (attachment,))) == found
    assert readings_attachment(found) == attachment


def test_each_language_read_twice_has_two_engines() -> None:
    assert "en" in languages_read_twice()
    assert "th" not in languages_read_twice()
    assert all(second_reader(code).startswith("tesseract:") for code in languages_read_twice())


def test_paddle_keeps_its_files_where_nobody_else_can_put_any() -> None:
    """Catches a folder of a fixed name in /tmp, out of which paddlex would unpickle what anybody put there; and one that stays."""
    try:
        engine_assets("en")
    except NotInstalledError:
        pytest.skip("the engines are not installed: run `make readback`")
    code = (
        "import os, stat; from synth.readers.engines import _paddleocr; _paddleocr(); folder = os.environ['PADDLE_PDX_CACHE_HOME'];"
        "from paddlex.utils import cache; assert cache.CACHE_DIR == folder;"
        "print(folder, stat.S_IMODE(os.stat(folder).st_mode))"
    )
    bare = {name: value for name, value in os.environ.items() if name != "PADDLE_PDX_CACHE_HOME"}  # which this process may have set
    said = {subprocess.run([sys.executable, "-c", code], env=bare, capture_output=True, text=True, check=True).stdout for _ in range(2)}
    folders = {Path(line.split()[0]) for line in said}
    assert len(folders) == 2
    assert {int(line.split()[1]) for line in said} == {stat.S_IRWXU}
    assert not any(folder.exists() for folder in folders)
