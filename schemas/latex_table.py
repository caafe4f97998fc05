r"""Tables as LaTeX `tabular`, as QwenVL-Markdown has them: rows of cells to LaTeX and back.

Spans are `\multicolumn{n}{c}{…}` and `\multirow{n}{*}{…}`, and places covered from above are written as empty cells, as LaTeX needs. A
rule stands above, below, and under the rows at the top whose cells are all headers; a header anywhere else is `\textbf{…}`. Both ways
keep every `Cell` exactly.
"""

import re

from schemas.elements import Cell, grid, tidy

Table = tuple[tuple[Cell, ...], ...]

_ESCAPES = {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "\n": r"\newline{}"} | {
    char: f"\\{char}" for char in "{}$&#%_"
}
_PLAIN = {text: char for char, text in _ESCAPES.items()}
_ESCAPED = re.compile("|".join(re.escape(text) for text in sorted(_PLAIN, key=len, reverse=True)))
_TABULAR = re.compile(r"\\begin\{tabular\}\{[^{}]*\}(.*)\\end\{tabular\}", re.DOTALL)
_SPAN = re.compile(
    r"\\(?:multicolumn\{(?P<columns>\d+)\}\{[^{}]*\}|multirow\{(?P<rows>\d+)\}\{[^{}]*\}|(?P<bold>textbf))\{(?P<inside>.*)\}", re.DOTALL
)
_RULE = re.compile(r"\s*\\(?:hline|toprule|midrule|bottomrule|cline\{[^{}]*\}|cmidrule(?:\([lr]+\))?\{[^{}]*\})")


def write_tabular(table: Table) -> str:
    """`table` as a `tabular` environment. ValueError if its cells do not fill a rectangle."""
    places = grid(table)
    heads = _head_rows(table)
    lines = [f"\\begin{{tabular}}{{{'l' * len(places[0])}}}", r"\hline"]
    for y, row in enumerate(places):
        lines.append(" & ".join(_write_row(table, row, y, in_head=y < heads)) + r" \\")
        if y + 1 == heads:
            lines.append(r"\hline")
    return "\n".join([*lines, r"\hline", r"\end{tabular}"])


def parse_tabular(text: str) -> Table:
    """The cells of a `tabular` environment. ValueError if it is not one, or a place covered from above is not empty."""
    found = _TABULAR.fullmatch(text.strip())
    if not found:
        raise ValueError(f"expected \\begin{{tabular}}…\\end{{tabular}}, found {text!r:.60}")
    rows, heads = _split_rows(found.group(1))
    covered: set[tuple[int, int]] = set()
    return tuple(_parse_row(row, y, covered, in_head=y < heads) for y, row in enumerate(rows))


def _head_rows(table: Table) -> int:
    heads = 0
    while heads < len(table) and all(cell.header for cell in table[heads]):
        heads += 1
    return heads


def _write_row(table: Table, row: list[tuple[int, int]], y: int, *, in_head: bool) -> list[str]:
    cells, x = [], 0
    while x < len(row):
        top, number = row[x]
        cell = table[top][number]
        text = _write_cell(cell, in_head=in_head) if top == y else ""
        cells.append(f"\\multicolumn{{{cell.colspan}}}{{c}}{{{text}}}" if cell.colspan > 1 else text)
        x += cell.colspan
    return cells


def _write_cell(cell: Cell, *, in_head: bool) -> str:
    text = "".join(_ESCAPES.get(char, char) for char in cell.text)
    if cell.header and not in_head:
        text = f"\\textbf{{{text}}}"
    return f"\\multirow{{{cell.rowspan}}}{{*}}{{{text}}}" if cell.rowspan > 1 else text


def _split_rows(body: str) -> tuple[list[str], int]:
    """The rows' texts without rules, and how many of them a rule inside the table sets off as its head."""
    pieces = _split(body, r"\\")
    rows: list[str] = []
    rules_at: list[int] = []  # for each rule, the number of rows above it
    for number, piece in enumerate(pieces):
        while rule := _RULE.match(piece):
            rules_at.append(len(rows))
            piece = piece[rule.end() :]
        if number < len(pieces) - 1 or piece.strip():  # what follows the last \\ is not a row unless it says something
            rows.append(piece)
    # One rule above, one below: a head is what a further rule closes. With every row a head, two rules close the table.
    inner = [at for at in rules_at if at > 0]
    return rows, inner[0] if len(inner) > 1 else 0


def _parse_row(row: str, y: int, covered: set[tuple[int, int]], *, in_head: bool) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    x = 0
    for part in _split(row, "&"):
        cell = _parse_cell(part, in_head=in_head)
        places = {(y + dy, x + dx) for dy in range(cell.rowspan) for dx in range(cell.colspan)}
        if (y, x) not in covered:
            cells.append(cell)
            covered |= places
        elif cell.text or cell.rowspan > 1 or not places <= covered:
            raise ValueError(f"row {y}, column {x} is covered by a \\multirow above, but holds {cell.text!r:.40}")
        x += cell.colspan
    return tuple(cells)


def _parse_cell(part: str, *, in_head: bool) -> Cell:
    spans = {"columns": 1, "rows": 1}
    header = in_head
    part = part.strip(" \n\t\r")
    while (found := _SPAN.fullmatch(part)) and _balanced(found["inside"]):
        header = header or found["bold"] is not None
        spans |= {name: int(found[name]) for name in spans if found[name] is not None}
        part = found["inside"].strip(" \n\t\r")
    text = tidy(_ESCAPED.sub(lambda match: _PLAIN[match.group()], part.replace("\n", " ")))
    return Cell(text, spans["columns"], spans["rows"], header)


def _split(text: str, at: str) -> list[str]:
    r"""Split at `&` or `\\`, but not at `\&` and not inside braces."""
    parts, start, depth, position = [], 0, 0, 0
    while position < len(text):
        if depth == 0 and text.startswith(at, position):
            parts.append(text[start:position])
            position += len(at)
            start = position
        elif text[position] == "\\":
            position += 2
        else:
            depth += {"{": 1, "}": -1}.get(text[position], 0)
            position += 1
    return [*parts, text[start:]]


def _balanced(text: str) -> bool:
    depth = 0
    for char in re.findall(r"\\.|[{}]", text, re.DOTALL):
        depth += {"{": 1, "}": -1}.get(char, 0)
        if depth < 0:
            return False
    return depth == 0
