"""Every kind of bad PDF ends in its own reason."""

from pathlib import Path

import pymupdf
import pytest

from schemas.errors import DataError
from synth.documents.real_input import MAX_PAGES, REASONS, check_text, cut_pages, open_pdf
from synth.documents.real_structure import page_label
from tests.synth.documents.bad_pdf import every_kind, many_pages
from tests.synth.documents.real_pdf import write_pdf


def good(tmp_path: Path) -> bytes:
    return write_pdf(tmp_path / "good.pdf").read_bytes()


def reason_of(data: bytes) -> str:
    with pytest.raises(DataError) as caught, open_pdf(data, "x.pdf") as document:
        check_text(document, range(document.page_count), "x.pdf")
    assert caught.value.detail.startswith("x.pdf")
    return caught.value.reason


def test_each_bad_file_has_its_reason(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found = {kind: reason_of(data) for kind, data in every_kind(good(tmp_path)).items()}
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
