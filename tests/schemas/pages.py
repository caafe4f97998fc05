"""Hypothesis strategies for the elements of a page: every kind, spans of every shape, and text made of what notations treat as markup."""

from hypothesis import strategies as st

from schemas.elements import LEVEL, RAISED, TEXT_KINDS, Cell, Element, ListItem, grid, raised, tidy, tidy_code
from schemas.geometry import Box1000

# Markup of HTML, Markdown and LaTeX, and white space that belongs to the text, beside anything else.
_MARKUP = st.sampled_from(
    [
        *("\\", "{", "}", "$", "&", "#", "%", "_", "^", "~", "*", "`", "[", "]", "(", ")", "<", ">", "!", "|", "-", "+", "=", '"', "'"),
        *("&amp;", "&#38;", "<br>", "<p>", "</td>", "<!--", "-->", "\\\\", "\\hline", "\\textbf{x}", "\\newline{}", "\\begin{tabular}{l}"),
        *(
            "$$",
            "```",
            "~~",
            "---",
            "1. ",
            "2) ",
            "- ",
            "# ",
            "[ ] ",
            "> ",
            "[a](b)",
            "![",
            "__",
            "a_b",
            " & ",
            " ",
            "\n",
            "\u00a0",
            "\u3000",
        ),
    ]
)
_LETTERS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=RAISED + LEVEL), min_size=1, max_size=4)
TEXT = st.lists(_MARKUP | _LETTERS, max_size=6).map("".join).map(tidy)
WORDS = TEXT.filter(bool)
MARKED = st.builds(lambda text, mark: text + raised(mark), WORDS, st.sampled_from(("2", "*", "<", "\u0662"))) | WORDS
CODE = st.lists(_MARKUP | _LETTERS | st.just("\n  "), min_size=1, max_size=8).map("".join).map(tidy_code).filter(str.strip)
FORMULA = WORDS.filter(lambda text: "$" not in text)


def _box(xs: list[int], ys: list[int]) -> Box1000:
    (x0, x1), (y0, y1) = sorted(xs), sorted(ys)
    return (x0, y0, x1, y1)


_PAIR = st.lists(st.integers(0, 1000), min_size=2, max_size=2)
BOX = st.builds(_box, _PAIR, _PAIR)


@st.composite
def tables(draw: st.DrawFn) -> tuple[tuple[Cell, ...], ...]:
    """A rectangle filled with cells of random spans, each row beginning at least one."""
    height, width = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    taken: set[tuple[int, int]] = set()
    rows: list[tuple[Cell, ...]] = []
    for y in range(height):
        row = []
        for x in range(width):
            if (y, x) in taken:
                continue
            room = next((dx for dx in range(width - x) if (y, x + dx) in taken), width - x)
            colspan, rowspan = draw(st.integers(1, room)), draw(st.integers(1, height - y))
            taken |= {(y + dy, x + dx) for dy in range(rowspan) for dx in range(colspan)}
            row.append(Cell(draw(TEXT), colspan, rowspan, draw(st.booleans())))
        rows.append(tuple(row))
    table = tuple(row for row in rows if row)
    if len(table) < height:  # a row that is covered from above altogether: start again with single cells
        table = tuple(tuple(Cell(draw(TEXT), header=y == 0) for _ in range(width)) for y in range(height))
    assert len(grid(table)) == height
    return table


_ITEMS = st.lists(st.builds(ListItem, MARKED, BOX), min_size=1, max_size=3).map(tuple)
ELEMENT = st.one_of(
    st.builds(Element, st.just("heading"), BOX, MARKED, st.integers(1, 6)),
    st.builds(Element, st.sampled_from(TEXT_KINDS), BOX, MARKED),
    st.builds(Element, st.just("code"), BOX, CODE),
    st.builds(lambda box, ordered, items: Element("list", box, ordered=ordered, items=items), BOX, st.booleans(), _ITEMS),
    st.builds(lambda box, table: Element("table", box, table=table), BOX, tables()),
    st.builds(lambda box, text, own: Element("image", box, text, picture_1000=own), BOX, TEXT, st.none() | BOX),
    st.builds(lambda box, text, table: Element("chart", box, text, table=table), BOX, TEXT, st.just(()) | tables()),
    st.builds(lambda box, text: Element("formula", box, text), BOX, FORMULA),
)
PAGE = st.lists(ELEMENT, max_size=4).map(tuple)
