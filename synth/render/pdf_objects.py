"""PDF syntax: numbered objects -> the bytes of a file (ISO 32000-1, 7.3 and 7.5). Same calls, same bytes.

Knows nothing of pages or fonts.
"""

import hashlib

from zlib_ng import zlib_ng

_ZLIB_LEVEL = 6


class PdfObjects:
    """Collects indirect objects and writes them with a cross-reference table."""

    def __init__(self) -> None:
        self._bodies: list[bytes] = []

    def reserve(self) -> int:
        """A number for an object whose body comes later."""
        self._bodies.append(b"null")
        return len(self._bodies)

    def add(self, body: str) -> int:
        """Add an object; returns its number."""
        return self.put(self.reserve(), body)

    def put(self, number: int, body: str) -> int:
        """Set the body of a reserved object."""
        self._bodies[number - 1] = body.encode("latin-1")
        return number

    def add_stream(self, data: bytes, entries: str = "") -> int:
        """Add a deflated stream; `entries` are further dictionary entries."""
        packed = zlib_ng.compress(data, _ZLIB_LEVEL)
        head = f"<</Length {len(packed)}/Filter/FlateDecode{entries}>>stream\n".encode("latin-1")
        number = self.reserve()
        self._bodies[number - 1] = head + packed + b"\nendstream"
        return number

    def finish(self, root: int, info: int) -> bytes:
        """The file, with `root` as its catalogue. The file identifier is a hash of the content."""
        out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        offsets: list[int] = []
        for number, body in enumerate(self._bodies, 1):
            offsets.append(len(out))
            out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
        start = len(out)
        identifier = hashlib.sha256(out).hexdigest()[:32].upper()
        out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)
        out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
        trailer = f"trailer\n<</Size {len(offsets) + 1}/Root {root} 0 R/Info {info} 0 R/ID[<{identifier}><{identifier}>]>>"
        return bytes(out) + f"{trailer}\nstartxref\n{start}\n%%EOF\n".encode("latin-1")


def number(value: float) -> str:
    """A number as PDF writes it: at most four decimals (0.0001 pt is far below any reader's resolution), no exponent, no negative zero."""
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def text_string(text: str) -> str:
    """A text string as UTF-16BE hexadecimal (7.9.2.2)."""
    return f"<FEFF{utf16_hex(text)}>"


def utf16_hex(text: str) -> str:
    """UTF-16BE as upper-case hexadecimal digits."""
    return text.encode("utf-16-be").hex().upper()
