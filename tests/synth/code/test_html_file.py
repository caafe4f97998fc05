"""`code.html_file`: a stranger's page becomes one that asks for nothing; bad files are refused with a reason."""

from pathlib import Path

import pytest

from schemas.errors import DataError, UserError
from synth.browser.chromium import no_browser
from synth.browser.page import UsedStyle
from synth.code.html_file import HtmlFiles
from synth.code.html_file_clean import cleaned, decoded, used_lines, with_used_styles
from synth.code.web_run import html_in
from synth.code.web_self_contained import check_self_contained
from synth.make import make_sample

pytestmark = pytest.mark.skipif(bool(no_browser()), reason=no_browser())
PAGES = Path(__file__).parents[1] / "contracts" / "code.html_file"


def clean(html: str, **files: str) -> str:
    return cleaned(html, lambda name: files[name.replace(".", "_")].encode() if name.replace(".", "_") in files else None, "a.html")


def test_a_page_becomes_one_that_asks_for_nothing() -> None:
    whole = cleaned(
        (PAGES / "bakery.html").read_text(), lambda name: (PAGES / name).read_bytes() if (PAGES / name).exists() else None, "bakery"
    )
    page = with_used_styles(whole, 1280, 800)
    check_self_contained(page)
    assert "script" not in page
    assert "onload" not in page
    assert 'href="#"' in page
    assert "--accent" in page
    for unused in ("--unused", ".never", ":hover", "max-width: 600px"):
        assert unused not in page
    assert "@media (min-width: 601px)" in page
    assert page == with_used_styles(whole, 1280, 800)


def test_style_sheets_are_found_and_opened_in_order() -> None:
    page = clean(
        "<link rel=stylesheet href=a.css><style>b{}</style><p>text", a_css='@import "c.css"; a{}', c_css="c{background:url(x.png)}"
    )
    assert page[page.index("<style>") : page.index("</style>")].split() == "<style> c{background:none} a{} b{}".split()


def test_a_style_cannot_end_itself() -> None:
    page = clean("<link rel=stylesheet href=a.css><p>text", a_css="a{}</style><script>1</script>")
    assert page.count("</style>") == 1
    assert "<script" not in clean("<p>text<script>1<script>2</script>3")


@pytest.mark.parametrize(
    "address", ["../secret.css", "/etc/passwd", "file:///etc/passwd", "http://example.org/a.css", "link.css", "%2e%2e/secret.css"]
)
def test_files_outside_the_site_are_not_read(tmp_path: Path, address: str) -> None:
    (tmp_path / "secret.css").write_text("p { color: #abcdef }")
    site = tmp_path / "site"
    site.mkdir()
    (site / "link.css").symlink_to(tmp_path / "secret.css")
    (site / "a.html").write_text((PAGES / "bakery.html").read_text().replace("site.css", address))
    sample = make_sample(HtmlFiles(str(site / "a.html"), tasks=("to_html",)), "code.html_file", 0, 7)
    assert "abcdef" not in sample.turns[1].text
    assert all(verdict.passed for verdict in sample.verdicts)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "zero_byte"),
        (b"%PDF-1.7 binary", "not_html"),
        (b"<p>caf\xe9</p>", "broken_encoding"),
        (b"<meta charset=klingon><p>x</p>", "broken_encoding"),
        (b"<p>" + b"x" * (3 << 20), "too_large"),
        (b"<body><script>document.write('x')</script></body>", "nothing_shown"),
        (b"<!doctype html><body>" + b"<i>word</i>" * 100_000, "too_many_nodes"),
        (b"<body>" + b"<h1>one line</h1>" * 900, "too_tall"),
        (
            b"<body>"
            + b"<div>" * 600
            + b"deep words"
            + b"</div>" * 600
            + b"<script>while(1){}</script>"
            + b"<p style='width:9000px'>wide</p>",
            "too_wide",
        ),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "a.html").write_bytes(data)
    with pytest.raises(DataError, match=reason):
        make_sample(HtmlFiles(str(tmp_path / "a.html")), "code.html_file", 0, 7)


def test_other_encodings_are_read() -> None:
    assert "café" in decoded("<meta charset='iso-8859-1'><p>café".encode("latin-1"), "a")
    assert "café" in decoded("<p>café".encode("utf-16"), "a")


def test_a_pattern_without_html_is_the_users_mistake(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("words")
    with pytest.raises(UserError, match="is HTML"):
        HtmlFiles(str(tmp_path / "a.txt")).pin()


def test_rules_inside_others_keep_what_is_around_them() -> None:
    css = "a{b:c}@media (x){d{e:'}'}f{g:h}}/* i{ */j{k:l;m:n}"
    used = ((css.index("d{"), css.index("f{")), (css.index("j{"), len(css)))
    assert list(used_lines(UsedStyle(css, used))) == ["@media (x) { d { e:'}' } }", "j { k:l; m:n }"]


def test_an_answer_is_the_whole_page() -> None:
    sample = make_sample(HtmlFiles(str(PAGES / "tides.html"), tasks=("to_html",)), "code.html_file", 0, 7)
    assert html_in(sample.turns[1].text).strip() == sample.stored.attachment("page.html").data.decode().strip()
