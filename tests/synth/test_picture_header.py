"""Formats and sizes read from first bytes are those that Pillow finds, whatever stands before the frame."""

import io

import pytest
from PIL import Image as PillowImage

from synth.picture_header import picture_header


def encoded(kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    PillowImage.new("RGB", (301, 77), (9, 80, 200)).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("JPEG", {"comment": b"\xff\xc0 no frame", "dpi": (72, 72)}),
        ("WEBP", {}),
    ],
)
def test_sizes_are_pillows(kind: str, options: dict[str, object]) -> None:
    assert picture_header(encoded(kind, **options)) == (kind.lower(), 301, 77)


def test_fill_bytes_before_a_marker_are_skipped() -> None:
    data = encoded("JPEG")
    assert picture_header(data[:2] + b"\xff\xff" + data[2:]) == ("jpeg", 301, 77)


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"no picture", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0\x00\x00" * 4])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(OSError, match="cannot identify"):
        picture_header(data)
