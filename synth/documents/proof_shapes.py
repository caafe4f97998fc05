"""What the program of each kind of question must be, so that it answers the words of that question and no others.

A shape is a program with patterns for texts:

    =slot   the text is the question's        ~slot   it holds the question's, as a column's head with its unit does
    >slot   it ends with the question's, after a section's number
    <slot   it ends an introduction that holds the question's
    @slot   it is the label of a table or figure whose caption holds the question's
    ^slot   it is the question's, or the code that a row of some table gives beside that name
    &what   it is how documents of the language head a column of that sort, or name what a label labels
    *       any text, # any number

`told` stands for a passage of running text, which must name the slots it lists. A list of one shape and "..." stands for one or more.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, TypeAlias

Shape: TypeAlias = Any
"""JSON of shapes."""


def op(name: str, **given: Shape) -> dict[str, Shape]:
    """A program of one operation."""
    return {"op": name, **given}


def told(*slots: str) -> dict[str, Shape]:
    """Text between two others, in a passage that names these slots."""
    return {"op": "between", "told": slots}


def cell(table: Shape, row: Shape, column: str, **given: Shape) -> dict[str, Shape]:
    """A cell of a table."""
    return op("cell", table=table, row=row, column=column, **given)


def column(table: str, head: str, **given: Shape) -> dict[str, Shape]:
    """A column of a table."""
    return op("column", table=table, column=head, **given)


def _by_name(metric: str, period: str) -> Shape:
    return cell(metric, cell("*", "=entity", "&code", key="&entity"), period)


def _highest(what: str) -> Shape:
    return op("argmax", names=column(what, "&code"), values=column(what, "=period"))


def _printed(metric: str = "@metric", period: str = "=period", **given: Shape) -> Shape:
    return cell(metric, "=code", period, **given)


def _sum_of_group() -> Shape:
    members = column("*", "&code", where="&group", equals="=group")
    return op("sum", of=op("cells", table="@metric", rows=members, column="=period"))


def _orders_of_group(operation: str) -> Shape:
    return op(operation, of=column("*", "~amount", where="&code", equals=column("*", "&code", where="&group", equals="=group")))


def _lists(operation: str) -> Shape:
    return op(operation, left=op("list_items", after="<list"), right=op("list_items", after="<other"))


def _captions(operation: str, kind: str) -> Shape:
    return op(operation, kind=f"&{kind}", contains="=words")


def _counted(kind: str) -> Shape:
    return [op("count", of=_captions("captions", kind)), op("nth", of=_captions("caption_pages", kind), index="#"), "..."]


def _quoted(kind: str) -> Shape:
    return [op("count", of=_captions("captions", kind)), op("nth", of=_captions("captions", kind), index=-1)]


def _spelt_out(slot: str) -> Shape:
    return op("between", before=op("concat", args=[told(slot), "*"]), after="*")


def _heading(slot: str) -> Shape:
    return op("heading_page", text=f">{slot}")


def _listed(slot: str) -> Shape:
    return op("label_page", label=op("contents_label", text=f">{slot}"))


_AMENDED = told("code", "period")
_CLAIM = told("metric", "entity", "figure")
LIMIT = op("filter", names=column("=table", "&code"), values=column("=table", "~attribute"), relation="*", to=told("attribute"))
"""One of the filters of `constraint_search`, for the limit of one attribute; several are intersected. `proof_binding` holds the relation
against the words of the limit."""

HIDDEN = op("bar", figure="=figure", category="^entity", series="=period")
"""A mark that a proof of absence looks for in vain."""

_COUNT_ROWS = op("count", of=column("=table", "&number"))
_COUNT_CODE = op("count", of=column("=table", "&number", where="&code", equals="*"))
_PEAK = op("max", of=[op("bar", figure="@metric", category="*", series="*"), "..."])
_TOP_FIGURE = op("argmax", names=["@metric", "..."], values=[_PEAK, "..."])
_TALLEST = op("argmax", names=["*", "..."], values=op("bars", figure="=figure", categories=["*", "..."], series="=period"))
_ALL_EVENTS: Shape = {"names": ["*", "..."], "values": [told(), "..."]}

SHAPES: dict[str, Shape] = {
    "lookup_join": _by_name("@metric", "=period"),
    "group_of_extreme": [_highest("@metric"), cell("*", _highest("@metric"), "=head")],
    "two_table_ratio": op("round", of=op("div", args=[_printed(), _printed("@other")]), decimals=2),
    "growth": op("round", of=op("growth", args=[_by_name("@metric", "=period"), _by_name("@metric", "=later")]), decimals=1),
    "continued_count": [_COUNT_ROWS, _COUNT_CODE, "..."],
    "continued_total": op("sum", of=column("=table", "~amount", where="&code", equals="=code")),
    "scaled_value": op("mul", args=[_printed(), told("metric")]),
    "consistency": [op("compare", relation="eq", left=cell("=table", "=group", "~metric"), right=_sum_of_group()), _sum_of_group()],
    "constraint_search": op("only", of="limits"),
    "room_path": cell("*", cell("*", cell("*", "=entity", "&manager"), "&reports_to"), "&room"),
    "manager_of_member": cell("*", cell("*", op("only", of=_lists("setdiff")), "&entity"), "&manager"),
    "conditional_total": _orders_of_group("sum"),
    "conditional_count": _orders_of_group("count"),
    "two_documents": op("abs", of=op("sub", args=[_printed(doc=0), _printed("@metric", "=later", doc=1)])),
    "event_first": op("argmin", **_ALL_EVENTS),
    "event_last": op("argmax", **_ALL_EVENTS),
    "event_gap": op("days", args=[told("event"), told("other")]),
    "event_later": op("max", of=[told("event"), told("other")]),
    "reference_value": cell(told("topic"), "=code", "=period"),
    "footnote_value": cell(told("topic"), "=code", "=period"),
    "reference_caption": op("caption", label=told("topic")),
    "footnote_caption": op("caption", label=told("topic")),
    "citation_source": op("between", before=op("concat", args=[told("topic"), "*"]), after="*"),
    "definition": [_spelt_out("entity"), _spelt_out("other")],
    "amendment_change": op("abs", of=op("sub", args=[_AMENDED, _printed()])),
    "amendment_in_force": op("amended", printed=_printed(), entry=_AMENDED),
    "set_difference": _lists("setdiff"),
    "set_intersection": _lists("intersect"),
    "count_figures": _counted("figure"),
    "count_tables": _counted("table"),
    "count_figures_quoted": _quoted("figure"),
    "count_tables_quoted": _quoted("table"),
    "figure_pages_pdf": _captions("caption_pages", "figure"),
    "table_pages_pdf": _captions("caption_pages", "table"),
    "figure_pages_printed": op("page_labels", pages=_captions("caption_pages", "figure")),
    "table_pages_printed": op("page_labels", pages=_captions("caption_pages", "table")),
    "section_pages": [_heading("section"), _heading("later"), _heading("third")],
    "contents_pdf_page": [_listed("section"), _listed("later"), _listed("third")],
    "section_distance": [
        op("sub", args=[_heading("later"), _heading("section")]),
        op("sub", args=[_heading("third"), _heading("later")]),
    ],
    "chart_and_text": [
        op("compare", relation="eq", left=op("bar", figure="=figure", category="^entity", series="=period"), right=_CLAIM),
        _CLAIM,
    ],
    "claim_of_tallest": op("lookup", keys=["*"], values=[told("metric", "figure")], key=_TALLEST),
    "highest_figure": [_TOP_FIGURE, op("caption", label=_TOP_FIGURE)],
}
"""By kind of question. What a shape cannot say, such as that all figures are compared, `proof_binding` checks."""


PARTS: dict[str, tuple[frozenset[str], ...]] = {
    "definition": (frozenset({"entity"}), frozenset({"other"})),
    "section_pages": (frozenset({"section"}), frozenset({"later"}), frozenset({"third"})),
    "contents_pdf_page": (frozenset({"section"}), frozenset({"later"}), frozenset({"third"})),
    "section_distance": (frozenset({"section", "later"}), frozenset({"later", "third"})),
}
"""By kind of question that asks the same of several things: the slots that each part rests on. Where one is there, it is not refused."""


RESTS_ON: dict[str, frozenset[str]] = {
    "consistency": frozenset({"metric", "group", "period"}),
    "chart_and_text": frozenset({"metric", "entity", "period"}),
}
"""By kind of question that also asks for one of the two values compared: the slots of that value, of which one must be absent."""


@cache
def literal_slots(key: str) -> frozenset[str]:
    """The slots of a kind of question that are arguments of its program as they stand."""
    return frozenset(_equal(SHAPES[key]))


def _equal(shape: Shape) -> Iterator[str]:
    if isinstance(shape, str) and shape.startswith("="):
        yield shape[1:]
    elif isinstance(shape, dict | list):
        for item in shape.values() if isinstance(shape, dict) else shape:
            yield from _equal(item)
