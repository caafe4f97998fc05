"""Every kind of bad PDF ends in its own reason: made here, one by one."""

import zlib
from pathlib import Path

import pymupdf
import pytest

from schemas.errors import DataError
from synth.documents.real_input import MAX_PAGES, REASONS, check_text, cut_pages, open_pdf
from synth.documents.real_structure import page_label
from tests.synth.documents.real_pdf import write_pdf

AES_256 = 5  # pymupdf.PDF_ENCRYPT_AES_256, which the package's types leave out


def good(tmp_path: Path) -> bytes:
    return write_pdf(tmp_path / "good.pdf").read_bytes()


def locked(data: bytes, user: str) -> bytes:
    with pymupdf.open(stream=data, filetype="pdf") as document:
        return bytes(document.tobytes(encryption=AES_256, owner_pw="owner", user_pw=user, permissions=0))


def many_pages(count: int) -> bytes:
    """A PDF of empty pages, written by hand because MuPDF takes long to add them."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, b" ".join(b"%d 0 R" % (n + 3) for n in range(count))),
    ]
    objects += [b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>"] * count
    return pdf_of(objects)


def pdf_of(objects: list[bytes]) -> bytes:
    body, offsets = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return body + b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        table,
        len(objects) + 1,
        len(body),
    )


def scan() -> bytes:
    document = pymupdf.open()
    for _ in range(3):
        page = document.new_page()
        picture = pymupdf.Pixmap(pymupdf.csGRAY, pymupdf.IRect(0, 0, 50, 50))
        picture.clear_with(120)
        page.insert_image(page.rect, pixmap=picture)
    return bytes(document.tobytes())


def bomb() -> bytes:
    content = zlib.compress(b" " * (80 * 1024 * 1024), 9)
    stream = b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(content), content)
    return pdf_of(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R>>",
            stream,
        ]
    )


def reason_of(data: bytes) -> str:
    with pytest.raises(DataError) as caught, open_pdf(data, "x.pdf") as document:
        check_text(document, range(document.page_count), "x.pdf")
    assert caught.value.detail.startswith("x.pdf")
    return caught.value.reason


def test_each_bad_file_has_its_reason(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = good(tmp_path)
    found = {
        "zero_byte": reason_of(b""),
        "not_a_pdf": reason_of(b"\x89PNG\r\n\x1a\n" + bytes(500)),
        "truncated": reason_of(data[: len(data) // 2]),
        "encrypted": reason_of(locked(data, "")),
        "password_protected": reason_of(locked(data, "secret")),
        "malformed": reason_of(b"%PDF-1.7\n" + b"<<garbage[[" * 50 + b"\n%%EOF\n"),
        "too_many_pages": reason_of(many_pages(5_000)),
        "scan_only": reason_of(scan()),
        "too_large": reason_of(bomb()),
    }
    assert found == {reason: reason for reason in REASONS}
    assert capfd.readouterr().err == ""  # catches: MuPDF's warnings on the user's terminal


def test_a_broken_cross_reference_table_is_not_quietly_repaired(tmp_path: Path) -> None:
    data = good(tmp_path)
    assert reason_of(data.replace(b"startxref\n", b"startxref\n9", 1)) == "malformed"


def test_the_limit_on_pages_is_a_limit(tmp_path: Path) -> None:
    with open_pdf(many_pages(MAX_PAGES), "x.pdf") as document:
        assert document.page_count == MAX_PAGES


def test_cut_pages_keeps_text_labels_and_bookmarks_and_is_deterministic(tmp_path: Path) -> None:
    data, cuts = good(tmp_path), []
    for _ in range(2):
        with open_pdf(data, "x.pdf") as document:
            cuts.append(cut_pages(document, 3, 5))
    assert cuts[0] == cuts[1]
    with pymupdf.open(stream=data, filetype="pdf") as whole, pymupdf.open(stream=cuts[0], filetype="pdf") as part:
        assert [page_label(part[n]) for n in range(5)] == ["4", "5", "6", "7", "8"]  # catches: labels counted from 1 again
        assert [part[n].get_text() for n in range(5)] == [whole[n + 3].get_text() for n in range(5)]
        assert part.get_toc()[0] == [1, "Machines", 1]
