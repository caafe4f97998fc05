"""QwenVL-HTML: exact bytes of a page, round trip of every element, what models vary, and what is refused."""

import pytest
from hypothesis import given, settings

from schemas.elements import Cell, Element, ListItem, raised
from schemas.qwenvl_html import parse_html, write_html
from tests.schemas.pages import PAGE

EXAMPLE = (
    Element("header", (0, 0, 1000, 20), "Annual report"),
    Element("heading", (10, 30, 500, 60), "R&D in <2024>", level=2),
    Element("paragraph", (10, 70, 500, 90), "One\ntwo"),
    Element("list", (1, 2, 3, 9), ordered=True, items=(ListItem("a", (1, 2, 3, 4)), ListItem("b", (1, 5, 3, 9)))),
    Element(
        "table",
        (0, 0, 9, 9),
        table=((Cell("K", header=True), Cell("V", 2, header=True)), (Cell("1", 1, 2), Cell("2"), Cell("")), (Cell("3", 2),)),
    ),
    Element("image", (5, 5, 9, 9)),
    Element("image", (5, 5, 9, 9), "Figure 1", picture_1000=(5, 5, 9, 8)),
    Element("chart", (0, 0, 5, 5), table=((Cell("x"),),)),
    Element("formula", (0, 0, 5, 5), "a < b"),
)
HTML = """<html><body>
<p class="header" data-bbox="0 0 1000 20">Annual report</p>
<h2 data-bbox="10 30 500 60">R&amp;D in &lt;2024&gt;</h2>
<p data-bbox="10 70 500 90">One<br/>two</p>
<ol data-bbox="1 2 3 9"><li data-bbox="1 2 3 4">a</li><li data-bbox="1 5 3 9">b</li></ol>
<table data-bbox="0 0 9 9"><thead><tr><th>K</th><th colspan="2">V</th></tr></thead><tbody><tr>\
<td rowspan="2">1</td><td>2</td><td></td></tr><tr><td colspan="2">3</td></tr></tbody></table>
<div class="image" data-bbox="5 5 9 9"><img data-bbox="5 5 9 9"/></div>
<div class="image caption" data-bbox="5 5 9 9"><img data-bbox="5 5 9 8"/><p>Figure 1</p></div>
<div class="chart" data-bbox="0 0 5 5"><img data-bbox="0 0 5 5"/><table><tbody><tr><td>x</td></tr></tbody></table></div>
<div class="formula" data-bbox="0 0 5 5"><img data-bbox="0 0 5 5"/><div>a &lt; b</div></div>
</body></html>"""


def test_bytes() -> None:
    """Catches a changed layout, which would change the meaning of a stored dialect name."""
    assert write_html(EXAMPLE) == HTML
    assert parse_html(HTML) == EXAMPLE


@given(PAGE)
@settings(deadline=None)
def test_round_trip(page: tuple[Element, ...]) -> None:
    """Catches text read as markup, lost spans and header cells, and boxes given to the wrong element."""
    assert parse_html(write_html(page)) == page


def test_lenient_forms() -> None:
    """Catches refusal of what the released models write: fences, styles, polygons, classes with variants, inline tags, no body."""
    text = """```html
<style>#table1 {width: 10%}</style><table class="table1" data-bbox="1 2 3 4" data-polygon="1 2 3 2 3 4 1 4">
  <tr><td> a <b>b</b>
  </td></tr>
</table>
<div class="formula.machine_printed" data-bbox="1 2 3 4"> <img data-bbox="1 2 3 4" /> <div> x^2 </div></div>
<div class="image caption" data-bbox="1 2 3 4"><img data-bbox="1 2 3 4"><p>A</p><p>B</p></div>
```"""
    assert parse_html(text) == (
        Element("table", (1, 2, 3, 4), table=((Cell("a b"),),)),
        Element("formula", (1, 2, 3, 4), "x^2"),
        Element("image", (1, 2, 3, 4), "A\nB"),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<p>a</p>", "data-bbox None"),
        ('<p data-bbox="1 2 3">a</p>', "expected four integers"),
        ('<p data-bbox="1,2,3,4">a</p>', "expected four integers"),
        ('<p data-bbox="1 2 3 1001">a</p>', "within 0 to 1000"),
        ('<p data-bbox="3 2 1 4">a</p>', "must be ordered"),
        ('<p data-bbox="1 2 3 4"> </p>', "no text"),
        ('<p data-bbox="1 2 3 4">a', "never closed"),
        ('<div class="advert" data-bbox="1 2 3 4"></div>', "not one of image"),
        ('<ul data-bbox="1 2 3 4"><li>a</li></ul>', "<li> has data-bbox None"),
        ('<ul data-bbox="1 2 3 4"></ul>', "0 items"),
        ('<table data-bbox="1 2 3 4"><td>a</td></table>', "outside a row"),
        ('<table data-bbox="1 2 3 4"><tr><td colspan="0">a</td></tr></table>', "at least 1"),
    ],
)
def test_each_malformed_page_is_refused(text: str, message: str) -> None:
    """Each row is an answer that must not score as a page."""
    with pytest.raises(ValueError, match=message):
        parse_html(text)


def test_every_element_needs_a_box() -> None:
    """Catches an element written without its place."""
    with pytest.raises(ValueError, match="paragraph has no box"):
        write_html([Element("paragraph", text="a")])


def test_code_and_raised_marks() -> None:
    """Catches code that loses its lines or indents, and footnote marks that become plain digits."""
    page = (
        Element("paragraph", (1, 2, 3, 4), f"word{raised('2')}, more"),
        Element("code", (1, 5, 3, 9), "if a < b:\n    run  --now\n\n\tend".expandtabs(4)),
    )
    assert write_html(page).split("\n", 2)[1] == '<p data-bbox="1 2 3 4">word<sup>2</sup>, more</p>'
    assert '<pre data-bbox="1 5 3 9"><code>if a &lt; b:\n    run  --now\n\n    end</code></pre>' in write_html(page)
    assert parse_html(write_html(page)) == page
    with pytest.raises(ValueError, match="not closed"):
        parse_html('<p data-bbox="1 2 3 4">word<sup>2</p>')
