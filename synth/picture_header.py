"""Format and size of an encoded picture from its first bytes: (b"...") -> ("jpeg", 640, 480). PNG, JPEG and WebP, as samples store them.

A general reader takes as long to open a picture as drawing a line of text on it. Nothing here decodes pixels.
"""

import io

from PIL import Image as PillowImage

_PNG = b"\x89PNG\r\n\x1a\n"
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""JPEG's markers of a frame (ITU-T T.81, table B.1): C4, C8 and CC are no frames."""
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a length."""


def picture_header(data: bytes) -> tuple[str, int, int]:
    """Format in small letters, width and height in pixels.

    Raises:
        OSError: The bytes are no picture that Pillow knows.
    """
    if data[:8] == _PNG and data[12:16] == b"IHDR" and len(data) >= 24:
        return "png", int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    return _jpeg_header(data) or _pillow_header(data)


def _jpeg_header(data: bytes) -> tuple[str, int, int] | None:
    """Of the first frame (ITU-T T.81, B.2.2); None if there is none where it should be."""
    at = 2
    while data[:2] == b"\xff\xd8" and at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _FRAMES:
            return "jpeg", int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
        if marker == 0xFF:  # a fill byte
            at += 1
        else:
            at += 2 + (0 if marker in _BARE else int.from_bytes(data[at + 2 : at + 4], "big"))
    return None


def _pillow_header(data: bytes) -> tuple[str, int, int]:
    with PillowImage.open(io.BytesIO(data)) as picture:  # reads the header only
        return (picture.format or "").lower(), picture.width, picture.height
