"""`code.html_file`: a stranger's page becomes one that asks for nothing; bad files are refused with a reason."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from schemas.errors import DataError, UserError
from synth.assets import _read_cached
from synth.browser.chromium import no_browser
from synth.browser.page import UsedStyle
from synth.code.html_file import HtmlFiles
from synth.code.html_file_clean import cleaned, decoded, picture_size, used_lines, with_used_styles
from synth.code.web_run import html_in
from synth.code.web_self_contained import check_self_contained
from synth.make import make_sample

pytestmark = pytest.mark.skipif(bool(no_browser()), reason=no_browser())
PAGES = Path(__file__).parents[1] / "contracts" / "code.html_file"


def clean(html: str, **files: str) -> str:
    keys = {re.sub(r"\W", "_", name): data for name, data in files.items()}
    return cleaned(html, lambda name: keys[found].encode() if (found := re.sub(r"\W", "_", name)) in keys else None, "a.html")[0]


def test_a_page_becomes_one_that_asks_for_nothing() -> None:
    whole, done = cleaned(
        (PAGES / "bakery.html").read_text(), lambda name: (PAGES / name).read_bytes() if (PAGES / name).exists() else None, "bakery"
    )
    assert done["script"] == 1
    assert done["sheets"] == 1
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
    page = clean("<link rel=stylesheet href=a.css><style>b{}</style><p>text", a_css='@import "c.css"; a{}', c_css="c{mask:url(x.png)}")
    assert page[page.index("<style>") : page.index("</style>")].split() == "<style> c{mask:none} a{} b{}".split()


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
    with pytest.raises(DataError, match="missing_sheet"):
        make_sample(HtmlFiles(str(site / "a.html"), tasks=("to_html",)), "code.html_file", 0, 7)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "zero_byte"),
        (b"%PDF-1.7 binary", "not_html"),
        (b"<p>caf\xe9</p>", "broken_encoding"),
        (b"<meta charset=klingon><p>x</p>", "broken_encoding"),
        (b"<meta charset=undefined><p>x</p>", "broken_encoding"),
        (b"<p>words</p><![foo]>", "not_html"),
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


@pytest.mark.parametrize("address", ["//[x.css", "a%00.css", f"{'a' * 300}.css", "http://[::1/x.css"])
def test_addresses_that_are_none_are_sheets_and_pictures_that_are_missing(tmp_path: Path, address: str) -> None:
    for number, part in enumerate((f"<link rel=stylesheet href='{address}'>", f"<style>@import '{address}';</style>")):
        (tmp_path / f"{number}.html").write_text(f"<!doctype html><body>{part}<p>some words</p></body>")
    picture = f"<img src='{address.replace('.css', '.png')}'>"
    (tmp_path / "2.html").write_text(f"<!doctype html><body>{picture}<h1>some words</h1><p>and more of them</p></body>")
    pages = HtmlFiles(str(tmp_path / "*.html"), tasks=("to_html",)).pin()
    for number in range(2):
        with pytest.raises(DataError, match="missing_sheet"):
            make_sample(pages, "code.html_file", number, 7)
    assert all(verdict.passed for verdict in make_sample(pages, "code.html_file", 2, 7).verdicts)


def test_links_in_a_circle_lead_to_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.css").symlink_to(tmp_path / "b.css")
    (tmp_path / "b.css").symlink_to(tmp_path / "a.css")
    (tmp_path / "a.html").write_text("<!doctype html><link rel=stylesheet href=a.css><p>some words</p>")
    with pytest.raises(DataError, match="missing_sheet"):
        make_sample(HtmlFiles(str(tmp_path / "a.html")).pin(), "code.html_file", 0, 7)


@pytest.mark.parametrize("side", ["1.2.3", "9" * 400, ".", "100001"])
def test_a_picture_of_no_size_has_none(side: str) -> None:
    assert picture_size(f'<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="10">'.encode()) is None


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


def test_sheets_keep_the_conditions_under_which_they_apply() -> None:
    page = clean(
        "<link rel=stylesheet media='(min-width: 9px)' href=a.css><link rel=stylesheet media=print href=gone.css>"
        "<link rel='alternate stylesheet' href=gone.css><link rel=stylesheet href='https://fonts.googleapis.com/css2?family=Inter'>"
        "<style media=print>p{}</style><style type=text/less>@x: 1;</style><p>text",
        a_css="@import url(sub/b.css) layer(low) supports(display: grid) screen and (color); a{}",
        sub_b_css="@import 'c.css'; b{}",
        sub_c_css="c{}",
    )
    style = " ".join(page[page.index("<style>") + 7 : page.index("</style>")].split())
    low = "@layer low { @supports (display: grid) { @media screen and (color) { c{} b{} } } }"
    assert style == f"@media (min-width: 9px) {{ {low} a{{}} }} @media print {{ p{{}} }}"


@pytest.mark.parametrize("link", ["<link rel=stylesheet href=gone.css>", "<style>@import 'https://example.org/a.css';</style>"])
def test_a_page_without_one_of_its_sheets_is_refused(link: str) -> None:
    with pytest.raises(DataError, match="missing_sheet"):
        clean(f"{link}<p>text")


def test_properties_that_only_an_element_uses_and_the_order_of_layers_are_kept() -> None:
    css = "@layer a, b; :root{--used:red;--spare:blue} @layer b{p{color:black}} @layer a{p{color:white}}"
    page = with_used_styles(clean(f"<style>{css}</style><p style='background:var(--used)'>text"), 640, 480)
    assert "@layer a, b;" in page
    assert "--used" in page
    assert "--spare" not in page


def test_pictures_leave_boxes_of_their_size() -> None:
    svg = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 40 30'/%3E"
    page = clean(
        f'<style>p{{background:url(hill.png) center}}q{{cursor:url(x.cur)}}i:before{{content:"\\f007"}}</style><p>text<img src="{svg}">'
    )
    assert "width=&#x27;40&#x27; height=&#x27;30&#x27;" in page
    assert 'p{background:url("data:image/svg+xml' in page
    assert "q{cursor:none}" in page
    assert 'i:before{content:""}' in page


def test_sheets_are_in_the_fingerprint_and_may_not_change(tmp_path: Path) -> None:
    for name in ("bakery.html", "site.css"):
        (tmp_path / name).write_bytes((PAGES / name).read_bytes())
    family = HtmlFiles(str(tmp_path / "*.html"), tasks=("to_html",)).pin()
    assert {"bakery.html", "site.css"} <= {use.name for use in family.assets()}
    assert [file.name for file in family.files()] == ["bakery.html"]
    sample = make_sample(family, "code.html_file", 0, 7)
    assert sample.stored == make_sample(replace(family, pinned=()), "code.html_file", 0, 7).stored
    (tmp_path / "site.css").write_text("p { color: red }")
    _read_cached.cache_clear()
    with pytest.raises(DataError, match="asset_changed"):
        make_sample(family, "code.html_file", 0, 7)


def test_a_page_that_cleaning_makes_another_is_refused(tmp_path: Path) -> None:
    words = "".join(f"<p>Line {number} of what the frame shows and the cleaned page does not." for number in range(9))
    (tmp_path / "a.html").write_text(f"<body><h1>Heading words</h1><noscript>{words}</noscript>")
    with pytest.raises(DataError, match="cleaning_changes"):
        make_sample(HtmlFiles(str(tmp_path / "a.html")), "code.html_file", 0, 7)


def test_a_page_says_how_much_of_it_was_kept() -> None:
    truth = HtmlFiles(str(PAGES / "bakery.html")).sample_truth(0, np.random.default_rng(7))
    assert truth.done["script"] == 1
    assert 0.9 < truth.texts_alike <= 1
    assert 0.5 < truth.pixels_alike <= 1
