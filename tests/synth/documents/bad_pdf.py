"""Bad PDFs for tests, made one by one: locked, scanned, endless, exploding; `every_kind` has one for each reason of refusing a file."""

import zlib

import pymupdf

AES_256 = 5  # pymupdf.PDF_ENCRYPT_AES_256, which the package's types leave out


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


def every_kind(good: bytes) -> dict[str, bytes]:
    """A file for each reason in `real_input.REASONS`; `good` is a PDF that has nothing wrong."""
    return {
        "zero_byte": b"",
        "not_a_pdf": b"\x89PNG\r\n\x1a\n" + bytes(500),
        "truncated": good[: len(good) // 2],
        "encrypted": locked(good, ""),
        "password_protected": locked(good, "secret"),
        "malformed": b"%PDF-1.7\n" + b"<<garbage[[" * 50 + b"\n%%EOF\n",
        "too_many_pages": many_pages(5_000),
        "scan_only": scan(),
        "too_large": bomb(),
    }
