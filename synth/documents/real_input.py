"""A stranger's PDF, checked before anything is made from it, and cut to the pages that are shown.

Every file that cannot be used is a `DataError` with one of the names in `REASONS`, never a crash. MuPDF's own warnings go into the detail
and not to stderr. Nothing here knows what is asked about the pages.
"""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pymupdf

from schemas.errors import DataError, UserError
from synth.assets import Asset, read_head

REASONS = (
    "zero_byte",
    "not_a_pdf",
    "truncated",
    "encrypted",
    "password_protected",
    "malformed",
    "too_many_pages",
    "scan_only",
    "too_large",
)
"""Why a file cannot be used. `encrypted` opens without a password but restricts its use; `password_protected` does not open."""

MAX_PAGES = 2_000
"""Longest document that is read (chosen, well below the 5,000 pages of a dump)."""

HEADER_WITHIN = 1_024
"""Bytes in which `%PDF-` must stand, and in which `%%EOF` must stand at the end (ISO 32000-1, implementation notes 13 and 18)."""

MIN_CHARS_A_PAGE = 16
"""A document with fewer characters of text a page is a scan (chosen: a stamped page number and a footer line are shorter)."""

MAX_PAGE_BYTES = 64 * 1024 * 1024
"""Largest unpacked content of one page (chosen; the densest page of the Debian guides unpacks to 0.07 MB)."""


def check_any_pdf(assets: Sequence[Asset], pattern: str) -> None:
    """UserError if none of the files that a pattern names begins like a PDF; looks at their first bytes only."""
    if not any(b"%PDF-" in read_head(asset, HEADER_WITHIN) for asset in assets):
        names = ", ".join(asset.name for asset in assets[:3]) + (", …" if len(assets) > 3 else "")
        what = f"none of the files that {pattern!r} names is a PDF ({names})"
        raise UserError(what, where="params.pattern", todo="name PDFs, for example with *.pdf at the end")


@contextmanager
def open_pdf(data: bytes, where: str) -> Iterator[pymupdf.Document]:
    """The checked document, closed afterwards.

    Args:
        data: The file.
        where: Its name in errors.

    Raises:
        DataError: With one of `REASONS`.
    """
    _check_bytes(data, where)
    with quiet():
        try:
            document = pymupdf.open(stream=data, filetype="pdf")
        except (pymupdf.FileDataError, pymupdf.EmptyFileError, RuntimeError) as error:
            raise _broken(data, where, str(error)) from error
        with document:
            _check_document(document, data, where)
            yield document


@contextmanager
def quiet() -> Iterator[None]:
    """MuPDF prints nothing to stderr meanwhile; what it would have said is kept and can be asked for."""
    before = pymupdf.TOOLS.mupdf_display_errors()
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.reset_mupdf_warnings()
    try:
        yield
    finally:
        pymupdf.TOOLS.mupdf_display_errors(before)


def check_content(document: pymupdf.Document, pages: Sequence[int], where: str) -> int:
    """How many visible characters these pages have, each checked before MuPDF unpacks it: nothing may be read of a page that was not.

    Raises:
        DataError: `malformed`, a page cannot be read, or `too_large`.
    """
    amount = 0
    for number in pages:
        try:
            _check_content(document, number, where)
            amount += len("".join(document[number].get_text().split()))
        except (RuntimeError, ValueError) as error:
            raise DataError("malformed", f"{where}: page {number + 1} cannot be read: {error}; {_warnings()}") from error
    return amount


def check_text(document: pymupdf.Document, pages: Sequence[int], where: str) -> None:
    """Raise `scan_only` unless these pages carry a text layer, and what `check_content` raises."""
    amount = check_content(document, pages, where)
    if amount < MIN_CHARS_A_PAGE * len(pages):
        raise DataError("scan_only", f"{where} has {amount} characters of text on {len(pages)} pages; run text recognition first")


def cut_pages(document: pymupdf.Document, first: int, count: int) -> bytes:
    """`count` pages from the 0-based page `first` as a PDF of their own, with their printed page labels; equal input gives equal bytes.

    The document itself is cut, so nothing else can be done with it afterwards.
    """
    labels = [document[number].get_label() for number in range(first, first + count)]
    document.select(range(first, first + count))
    document.set_page_labels(_label_rules(labels))
    data: bytes = document.tobytes(garbage=3, deflate=True, no_new_id=True)
    return data


def _label_rules(labels: Sequence[str]) -> list[dict[str, str | int]]:
    """One rule a page with the whole label as its prefix: whatever the original numbering was, the printed label stays."""
    return [{"startpage": number, "prefix": label, "style": "", "firstpagenum": 1} for number, label in enumerate(labels) if label]


def _check_bytes(data: bytes, where: str) -> None:
    if not data:
        raise DataError("zero_byte", f"{where} is empty")
    if b"%PDF-" not in data[:HEADER_WITHIN]:
        raise DataError("not_a_pdf", f"{where} starts with {data[:8]!r}, not with %PDF-; its extension is wrong")


def _check_document(document: pymupdf.Document, data: bytes, where: str) -> None:
    if document.needs_pass:
        raise DataError("password_protected", f"{where} does not open without a password")
    if (document.metadata or {}).get("encryption"):
        raise DataError(
            "encrypted", f"{where} is encrypted ({(document.metadata or {}).get('encryption')}) and restricts its use; decrypt it first"
        )
    if document.is_repaired or document.page_count == 0:
        raise _broken(data, where, f"{document.page_count} pages after repair")
    if document.page_count > MAX_PAGES:
        raise DataError("too_many_pages", f"{where} has {document.page_count} pages, more than {MAX_PAGES}; split it")


def _broken(data: bytes, where: str, error: str) -> DataError:
    """`truncated` if the end of the file is missing, else `malformed`."""
    reason = "malformed" if b"%%EOF" in data[-HEADER_WITHIN:] else "truncated"
    return DataError(reason, f"{where}: {error}; {_warnings()}")


def _warnings() -> str:
    """The last thing MuPDF had to say, for the detail of an error."""
    said = pymupdf.TOOLS.mupdf_warnings().splitlines()
    return said[-1] if said else "no further details"


def _check_content(document: pymupdf.Document, number: int, where: str) -> None:
    """Refuse page content that unpacks to an absurd size, before MuPDF unpacks it."""
    for xref in document[number].get_contents():
        raw = document.xref_stream_raw(xref)
        if not raw or document.xref_get_key(xref, "Filter")[1] not in ("/FlateDecode", "[/FlateDecode]"):
            continue
        unpacker = zlib.decompressobj()
        try:
            unpacker.decompress(raw, MAX_PAGE_BYTES)
        except zlib.error as error:
            raise DataError("malformed", f"{where}: the content of page {number + 1} is damaged: {error}") from error
        if unpacker.unconsumed_tail:
            raise DataError("too_large", f"{where}: the content of page {number + 1} unpacks to more than {MAX_PAGE_BYTES} bytes")
