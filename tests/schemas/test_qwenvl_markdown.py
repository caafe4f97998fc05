"""QwenVL-Markdown and its LaTeX tables: exact bytes of a page, round trip of all it can say, what models vary, and what is refused."""

import pytest
from hypothesis import example, given, settings

from schemas.elements import Cell, Element, ListItem, raised
from schemas.latex_table import Table, parse_tabular, write_tabular
from schemas.qwenvl_markdown import markdown_view, parse_markdown, write_markdown
from tests.schemas.pages import PAGE, WORDS, tables

EXAMPLE = (
    Element("heading", text="1. Results & more", level=2),
    Element("paragraph", text="Costs $5 for snake_case, *not* #2, see [1] and 3 < 4.\nNext line"),
    Element("paragraph", text="1. not a list"),
    Element("list", items=(ListItem("- dash"), ListItem("plain"))),
    Element("list", items=(ListItem("other"),)),
    Element("list", ordered=True, items=(ListItem("one"), ListItem("two"))),
    Element("image", (1, 2, 3, 4)),
    Element(
        "table",
        (5, 6, 7, 8),
        table=((Cell("A_1", 1, 2, header=True), Cell("50 %", 2, header=True)), (Cell("x", header=True), Cell("y\nz"))),
    ),
    Element("formula", text="E = mc^2"),
)
MARKDOWN = r"""## 1\. Results & more

Costs \$5 for snake_case, \*not\* #2, see [1] and 3 < 4.<br>Next line

1\. not a list

- \- dash
- plain

* other

1. one
2. two

<!-- Image (1, 2, 3, 4) -->

<!-- Table (5, 6, 7, 8) -->
\begin{tabular}{lll}
\hline
\multirow{2}{*}{A\_1} & \multicolumn{2}{c}{50 \%} \\
\hline
 & \textbf{x} & y\newline{}z \\
\hline
\end{tabular}

$$
E = mc^2
$$"""


def test_bytes() -> None:
    """Catches a changed layout, which would change the meaning of a stored dialect name, and escapes where none is needed."""
    assert write_markdown(EXAMPLE) == MARKDOWN
    assert parse_markdown(MARKDOWN) == EXAMPLE


@given(PAGE)
@settings(deadline=None)
def test_round_trip(page: tuple[Element, ...]) -> None:
    """Catches text read as markup, lists that run together, and a view that promises more than the notation says."""
    view = markdown_view(page)
    assert parse_markdown(write_markdown(page)) == view
    assert markdown_view(view) == view


@given(WORDS)
@example("- x")
@example("---")
@example("12) x")
@example("\\")
@example("<br>&amp;&#38;")
def test_renderers_see_the_text(text: str) -> None:
    """Catches an escape that our own parser needs but CommonMark does not know: a renderer must give the same text."""
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").enable("strikethrough").parse(write_markdown([Element("paragraph", text=text)]))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    children = tokens[1].children or []
    assert {child.type for child in children} <= {"text", "text_special", "html_inline"}
    shown = "".join("\n" if child.type == "html_inline" else child.content for child in children)
    assert shown.strip() == text.strip()  # markdown-it strips no-break spaces too, which CommonMark does not


@given(tables())
@settings(deadline=None)
def test_tabular_round_trip(table: Table) -> None:
    """Catches lost spans, header flags, and cells that LaTeX would read as rules or separators."""
    assert parse_tabular(write_tabular(table)) == table


def test_lenient_forms() -> None:
    """Catches refusal of what models write: rules between all rows, bars, booktabs, loose lists, soft breaks, emphasis, entities."""
    text = r"""```markdown
# Title

First line
second **line** &amp; more

- a

- b

<!--Table(1,2,3,4)-->
\begin{tabular}{|l|c|}
\toprule
A & B \\ \midrule
1 & \textbf{2} \\
\bottomrule
\end{tabular}
```"""
    assert parse_markdown(text) == (
        Element("heading", text="Title", level=1),
        Element("paragraph", text="First line second **line** & more"),
        Element("list", items=(ListItem("a"), ListItem("b"))),
        Element("table", (1, 2, 3, 4), table=((Cell("A", header=True), Cell("B", header=True)), (Cell("1"), Cell("2", header=True)))),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- Table (1, 2, 3, 4) -->\n| a |\n|---|", "expected .begin"),
        ("<!-- Table (1, 2, 3, 4) -->", "expected .begin"),
        ("<!-- Image (3, 2, 1, 4) -->", "must be ordered"),
        ("<!-- Image (1, 2, 3, 4000) -->", "within 0 to 1000"),
        ("<!-- Image (1, 2, 3, 4) -->\nwords", "block of its own"),
        (
            "<!-- Table (1, 2, 3, 4) -->\n\\begin{tabular}{l}\\multirow{2}{*}{a} & b \\\\ c & d \\\\\\end{tabular}",
            "covered by a .multirow above, but holds 'c'",
        ),
    ],
)
def test_each_malformed_page_is_refused(text: str, message: str) -> None:
    """Each row is an answer that must not score as a page."""
    with pytest.raises(ValueError, match=message):
        parse_markdown(text)


@pytest.mark.parametrize(
    ("element", "message"),
    [
        (Element("image"), "image has no box"),
        (Element("table", table=((Cell("a"),),)), "table has no box"),
        (Element("table", (1, 2, 3, 4), table=((Cell("a"), Cell("b")), (Cell("c"),))), "fill 3 places"),
        (Element("table", (1, 2, 3, 4), table=((Cell("a", 1, 2), Cell("b")), (Cell("c", 2),))), "fill"),
        (Element("table", (1, 2, 3, 4), table=((Cell("a"), Cell("b", 1, 2)), (Cell("c", 2),))), "overlap at row 1, column 1"),
        (Element("table", (1, 2, 3, 4), table=((Cell("a", 1, 3),), (Cell("b"),))), "fill"),
        (Element("formula", (1, 2, 3, 4), "a $ b"), "cannot hold"),
    ],
)
def test_what_markdown_cannot_say_is_refused(element: Element, message: str) -> None:
    """Catches a page written so that it would be read as another."""
    with pytest.raises(ValueError, match=message):
        write_markdown([element])


def test_code_and_raised_marks() -> None:
    """Catches code that loses its lines, indents or blank lines, a fence inside it, and footnote marks that become plain digits."""
    page = (
        Element("paragraph", text=f"word{raised('2')}, not <sup>3</sup>"),
        Element("code", text="if a:\n    run  --now\n\n```\n# end"),
        Element("paragraph", text="after"),
    )
    assert write_markdown(page).startswith(
        "word<sup>2</sup>, not \\<sup>3\\</sup>\n\n````\nif a:\n    run  --now\n\n```\n# end\n````\n\nafter"
    )
    assert parse_markdown(write_markdown(page)) == page
    alone = (Element("code", text="run"),)
    assert parse_markdown(write_markdown(alone)) == alone
