"""The interpreter of proof programs and the verdict on answers: every operator, and every way an answer can be wrong, is refused."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from schemas.sample import Evidence, Json, Proof, Turn
from synth.documents.proof import Artefact, ProofError, derivation_fault, evaluate, necessary, same_answer, verify_turn
from synth.documents.proof_answers import misprinted
from synth.documents.proof_leaves import _goes_on
from synth.documents.proof_questions import Asked, read_question
from synth.documents.proof_values import Measured, Unstated, same
from synth.documents.reading_tables import Cell
from tests.synth.documents.reading_demo import CODES, STOCK, WORDS, Demo, demo

NOTHING = Artefact(())
TABLE: dict[str, Json] = {"op": "cell", "table": "Table 1", "as": "number"}
STOCK_PROGRAM: Json = {"op": "between", "before": WORDS["en"][4], "after": WORDS["en"][5], "as": "number"}


def op(name: str, **given: Json) -> dict[str, Json]:
    return {"op": name, **given}


def const(*numbers: str) -> list[Json]:
    return [op("const", number=number) for number in numbers]


NAMES: Json = ["low", "high", "middle"]


@pytest.mark.parametrize(
    ("program", "value"),
    [
        (op("add", args=const("1.5", "2")), Decimal("3.5")),
        (op("sub", args=const("1.5", "2")), Decimal("-0.5")),
        (op("mul", args=const("1.5", "1000")), Decimal("1500.0")),
        (op("div", args=const("1", "8")), Decimal("0.125")),
        (op("growth", args=const("80", "100")), Decimal("25")),
        (op("round", of=const("2.345")[0], decimals=2), Decimal("2.35")),
        (op("round", of=const("-2.345")[0], decimals=2), Decimal("-2.35")),
        (op("abs", of=const("-2")[0]), Decimal("2")),
        (op("sum", of=const("1", "2", "3")), Decimal("6")),
        (op("mean", of=const("1", "2")), Decimal("1.5")),
        (op("count", of=const("1", "2")), Decimal("2")),
        (op("max", of=const("1", "3", "2")), Decimal("3")),
        (op("min", of=const("1", "3", "2")), Decimal("1")),
        (op("argmax", names=NAMES, values=const("1", "3", "2")), "high"),
        (op("argmin", names=NAMES, values=const("1", "3", "2")), "low"),
        (op("sort_by", names=NAMES, values=const("1", "3", "2")), ("low", "middle", "high")),
        (op("latest", names=NAMES, values=const("1", "3", "2")), "high"),
        (op("nth", of=NAMES, index=-1), "middle"),
        (op("first", of=NAMES), "low"),
        (op("last", of=NAMES), "middle"),
        (op("only", of=["low"]), "low"),
        (op("setdiff", left=["a", "b"], right=["B"]), ("a",)),
        (op("intersect", left=["a", "b"], right=["B"]), ("b",)),
        (op("union", left=["a"], right=["A", "b"]), ("a", "b")),
        (op("filter", names=NAMES, values=const("1", "3", "2"), relation="ge", to=2), ("high", "middle")),
        (op("filter", names=NAMES, values=const("1", "3", "2"), relation="ne", to=const("1", "3", "9")), ("middle",)),
        (op("compare", relation="lt", left=1, right=2), True),
        (op("compare", relation="eq", left="a b", right="AB"), True),
        (op("lookup", keys=["a", "b"], values=[1, 2], key="b"), Decimal("2")),
        (op("contains", of="Mill Thornwick, Works Upham", item="works upham"), True),
        (op("not", of=True), False),
        (op("concat", args=["[3]", " "]), "[3] "),
        (op("amended", printed=1, entry=2), Decimal("2")),
        (op("if", test=op("compare", relation="gt", left=2, right=1), then="yes", **{"else": "no"}), "yes"),
    ],
)
def test_operators(program: Json, value: object) -> None:
    assert evaluate(program, NOTHING) == value


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (op("div", args=const("1", "0")), "division_by_zero"),
        (op("argmax", names=NAMES, values=const("1", "3", "3")), "tie"),
        (op("sort_by", names=NAMES, values=const("1", "3", "3")), "tie"),
        (op("max", of=[]), "empty"),
        (op("only", of=["a", "b"]), "not_single"),
        (op("lookup", keys=["a"], values=[1, 2], key="a"), "uneven"),
        (op("lookup", keys=["a"], values=[1], key="b"), "missing"),
        (op("compare", relation="eq", left=1, right="1"), "not_comparable"),
        (op("compare", relation="like", left=1, right=1), "bad_program"),
        (op("amended", printed=1, entry=1), "not_amended"),
        (op("nth", of=["a"], index=4), "missing"),
        (op("days", args=["a", "b"]), "not_a_date"),
        (op("add"), "bad_program"),
        (op("teleport"), "bad_program"),
        (op("const", number="x"), "bad_program"),
        ({"table": "Table 1"}, "bad_program"),
        (1.5, "bad_program"),
        (op("absent", near=[], query=[]), "bad_program"),
        (op("page_count", doc=3), "missing"),
    ],
)
def test_programs_without_a_value_say_why(program: Json, reason: str) -> None:
    with pytest.raises(ProofError) as caught:
        evaluate(program, NOTHING)
    assert caught.value.reason == reason


def test_measured_values_decide_only_what_is_clear() -> None:
    bar = Measured(Decimal("100"), Decimal("2"))
    assert same(bar, Decimal("101"))
    assert not same(bar, Decimal("110"))
    with pytest.raises(ProofError, match="undecided"):
        evaluate_compare(bar, Decimal("103"))


def evaluate_compare(left: Any, right: Any) -> object:
    from synth.documents.proof_operators import OPERATORS

    return OPERATORS["compare"]({"relation": "eq", "left": left, "right": right})


@pytest.mark.parametrize(
    ("value", "answer", "equal"),
    [
        (Decimal("12.50"), {"type": "number", "value": "12.5"}, True),
        (Decimal("12.51"), {"type": "number", "value": "12.5"}, False),
        (date(2021, 3, 1), {"type": "date", "value": "2021-03-01"}, True),
        (date(2021, 3, 1), {"type": "date", "value": "2021-01-03"}, False),
        ("Mill Upham", {"type": "text", "value": "mill  upham"}, True),
        (True, {"type": "number", "value": "1"}, False),
        (True, {"type": "bool", "value": True}, True),
        (("a", "b"), {"type": "list", "value": [{"type": "text", "value": "b"}, {"type": "text", "value": "a"}]}, True),
        (("a", "b"), {"type": "list", "value": [{"type": "text", "value": "b"}, {"type": "text", "value": "a"}], "ordered": True}, False),
        (("a", "a"), {"type": "list", "value": [{"type": "text", "value": "a"}]}, False),
        (Unstated(), {"type": "none", "value": None}, True),
        ("", {"type": "none", "value": None}, False),
    ],
)
def test_stored_answers_compare_by_value_and_kind(value: Any, answer: Json, equal: bool) -> None:
    assert same_answer(value, answer) is equal


@pytest.mark.parametrize("answer", [None, "12", {"type": "number", "value": "x"}, {"type": "date", "value": "x"}, {"type": "number"}])
def test_malformed_answers_are_refused_not_crashed_on(answer: Json) -> None:
    with pytest.raises(ProofError, match="bad_answer"):
        same_answer(Decimal(1), answer)


NUMBER: Json = {"type": "number", "value": "1234.5"}
PAGES: Json = {"type": "list", "value": [{"type": "number", "value": "7"}, {"type": "number", "value": "9"}], "ordered": True}
FINDING: Json = {"type": "list", "value": [{"type": "bool", "value": True}, NUMBER], "ordered": True}


@pytest.mark.parametrize(
    ("text", "answer", "language", "printed"),
    [
        ("The table prints 1,234.5 t.", NUMBER, "en", True),
        ("1,234.5 t", NUMBER, "en", True),
        ("1,234.5", NUMBER, "en", True),
        ("The table prints 1,234.50 t.", NUMBER, "en", False),
        ("The table prints 1,234.6 t.", NUMBER, "en", False),
        ("The table prints 1,234.5 kg.", NUMBER, "en", False),  # a unit that stands nowhere
        ("The table prints 1,234.5 t, or 1,235 t.", NUMBER, "en", False),  # the value among others
        ("I guess it is 1,234.5 t.", NUMBER, "en", False),  # no sentence of the wording
        ("1,234.5 1,234.5", NUMBER, "en", False),
        ("-1,234.5", NUMBER, "en", False),
        ("1.234,5", NUMBER, "de", True),
        ("1.234,5", NUMBER, "en", False),
        ("March 1, 2021", {"type": "date", "value": "2021-03-01"}, "en", True),
        ("March 1, 2021 or later", {"type": "date", "value": "2021-03-01"}, "en", False),
        ("1 марта 2021 г.", {"type": "date", "value": "2021-03-01"}, "ru", True),
        ("March 2, 2021", {"type": "date", "value": "2021-03-01"}, "en", False),
        ("Mill Upham", {"type": "text", "value": "mill  upham"}, "en", True),
        ("Mill Upham and Works", {"type": "text", "value": "Mill Upham"}, "en", False),
        ("Yes. 1,234.5 t", FINDING, "en", True),
        ("No. 1,234.5 t", FINDING, "en", False),
        ("1,234.5 t", FINDING, "en", False),
        ("This is not stated in the document.", NUMBER, "en", False),
        ("This is not stated in the document.", {"type": "none", "value": None}, "en", True),
        ("This is not stated in the document. It is 7.", {"type": "none", "value": None}, "en", False),
        ("1,234.5", {"type": "none", "value": None}, "en", False),
        ("7, 9", PAGES, "en", True),
        ("9, 7", PAGES, "en", False),
        ("7, 9, 11", PAGES, "en", False),
    ],
)
def test_words_must_print_the_answer_and_nothing_else(text: str, answer: Json, language: str, printed: bool) -> None:
    asked = Asked("lookup_join", {}, None)
    assert (not misprinted(text, answer, asked, language, ["Stock (t) by mill"])) is printed


def test_a_question_is_read_back_behind_its_lead_and_before_its_wish() -> None:
    text = "<image><image>\nGood morning. How many days lie between “Signing” and “Opening”? I only need the result."
    assert Asked("event_gap", {"event": "Signing", "other": "Opening"}, None) in list(read_question(text, "en", []))
    text = "Use document 2 for this. On which date did the later of these two take place: “Signing” or “Opening”?"
    assert Asked("event_later", {"event": "Signing", "other": "Opening"}, 1) in list(read_question(text, "en", []))
    assert list(read_question("What is the meaning of it all?", "en", [])) == []


# --- verdicts -----------------------------------------------------------------------------------------------------------------------


def cell(doc: Demo, code: str, year: str) -> dict[str, Json]:
    return {**TABLE, "row": code, "column": doc.head(year)}


def question(doc: Demo) -> tuple[Json, Decimal, tuple[Evidence, ...]]:
    """A cell of the table's last page less the stock told in prose: program, value and evidence on two pages."""
    program = op("sub", args=[cell(doc, CODES[-1], "2020"), STOCK_PROGRAM])
    evidence = tuple(Evidence(image=doc.page(anchor)) for anchor in (f"cell/t/{CODES[-1]}/2020", "text/stock"))
    return program, doc.values[CODES[-1], "2020"] - STOCK, evidence


def verdict(doc: Demo, program: Json, answer: Json, evidence: tuple[Evidence, ...]) -> str:
    """Empty when the program proves the answer, else the reason."""
    try:
        return derivation_fault(Proof(program, answer, evidence), doc.artefact)
    except ProofError as error:
        return str(error)


def number(value: Decimal) -> dict[str, Json]:
    return {"type": "number", "value": str(value)}


def test_the_right_answer_is_proved_from_the_artefact() -> None:
    doc = demo("en", 1)
    program, value, evidence = question(doc)
    assert verdict(doc, program, number(value), evidence) == ""


WRONG = {
    "other row": lambda doc: doc.values[CODES[-2], "2020"] - STOCK,
    "other year": lambda doc: doc.values[CODES[-1], "2021"] - STOCK,
    "other operand": lambda doc: doc.values[CODES[-1], "2020"],
    "wrong scale": lambda doc: (doc.values[CODES[-1], "2020"] - STOCK) * 1000,
    "off by one": lambda doc: doc.values[CODES[-1], "2020"] - STOCK + 1,
    "last digit": lambda doc: doc.values[CODES[-1], "2020"] - STOCK + Decimal("0.1"),
    "sign": lambda doc: STOCK - doc.values[CODES[-1], "2020"],
}


@pytest.mark.parametrize("fault", WRONG)
def test_wrong_numbers_are_refused(fault: str) -> None:
    doc = demo("en", 1)
    program, value, evidence = question(doc)
    wrong = WRONG[fault](doc)
    assert wrong != value
    assert verdict(doc, program, number(wrong), evidence).startswith("wrong_answer")


def test_refusing_an_answerable_question_is_refused() -> None:
    doc = demo("en", 1)
    program, _, evidence = question(doc)
    assert verdict(doc, program, {"type": "none", "value": None}, evidence).startswith("wrong_answer")


def test_evidence_must_need_every_page_and_two_at_least() -> None:
    doc = demo("en", 1)
    program, value, evidence = question(doc)
    assert verdict(doc, program, number(value), evidence[:1]).startswith("single_page")
    assert verdict(doc, program, number(value), (*evidence, Evidence(image=0))).startswith("page_not_needed")
    assert verdict(doc, program, number(value), (*evidence, Evidence(image=999))).startswith("no_such_page")
    idle = op("first", of=[const("7")[0], program])  # names both pages and depends on neither of their values
    assert necessary(idle, Decimal(7), doc.artefact, [(0, 0)]) == (0, 0)


def test_a_program_that_answers_no_words_of_the_question_is_refused() -> None:
    doc = demo("en", 1)
    program, value, evidence = question(doc)
    answered = Turn("assistant", f"{value:,}", "task", proof=Proof(program, number(value), evidence))
    assert verify_turn(Turn("user", "How much more?"), answered, doc.artefact).reason.startswith("other_question")


def test_turns_without_proof_are_refused() -> None:
    doc = demo("en", 1)
    assert verify_turn(Turn("user", "?"), Turn("assistant", "7", "task"), doc.artefact).reason.startswith("no_proof")


NONE: Json = {"type": "none", "value": None}


def absent(doc: Demo, **given: Any) -> str:
    near: Json = [cell(doc, CODES[0], "2020")]
    program: dict[str, Json] = {"op": "absent", "near": near, **given}
    return verdict(doc, program, NONE, ())


def test_absence_is_proved_near_a_hit() -> None:
    doc = demo("en", 1)
    assert absent(doc, query=[cell(doc, "K-999", "2020")]) == ""
    assert absent(doc, query=[op("mentions", text="K-999")], never=[["K-999"]]) == ""


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"query": [{**TABLE, "row": CODES[1], "column": "2020 (t)"}]}, "present"),  # answered although it should not be refused
        ({"never": [[CODES[1], CODES[2]]]}, "present"),  # the scan finds what the query did not look for
        ({"near": [{**TABLE, "row": "K-999", "column": "2020 (t)"}], "never": [["K-999"]]}, "missing"),  # nothing near: a random question
        ({"query": [op("only", of=3)]}, "not_a_list"),  # a query that cannot be asked proves nothing
    ],
)
def test_absence_is_not_proved_when_something_is_there(given: dict[str, Json], reason: str) -> None:
    assert absent(demo("en", 1), **given).startswith(reason)


def test_answering_an_unanswerable_question_is_refused() -> None:
    doc = demo("en", 1)
    program = op("absent", near=[cell(doc, CODES[0], "2020")], query=[cell(doc, "K-999", "2020")])
    assert verdict(doc, program, number(Decimal(7)), ()).startswith("wrong_answer")


def test_programs_chain_lookups_over_tables_text_and_lists() -> None:
    doc = demo("en", 2)
    items = op("list_items", after=WORDS["en"][2])
    program = op("column", table="Table 1", column=doc.head("2021"), where="Code", equals=items, **{"as": "number"})
    assert evaluate(program, doc.artefact) == tuple(doc.values[code, "2021"] for code in CODES[:6])
    rows = op("cells", table="Table 1", column=doc.head("2021"), rows=items, **{"as": "number"})
    assert evaluate(rows, doc.artefact) == evaluate(program, doc.artefact)
    with pytest.raises(ProofError, match="missing"):
        evaluate({**rows, "rows": [CODES[0], "K-999"]}, doc.artefact)


def test_printed_and_pdf_pages_lead_to_each_other() -> None:
    doc = demo("ar", 1)
    second = f"٢ {WORDS['ar'][3]}"
    page = doc.page("heading/second")
    entry = op("contents_label", text=second)
    assert evaluate(op("label_page", label=entry), doc.artefact) == Decimal(page + 1)
    assert same(evaluate(op("page_label", page=op("heading_page", text=second)), doc.artefact), doc.laid_out.pages[page].label)
    assert evaluate(op("page_count"), doc.artefact) == Decimal(len(doc.laid_out.pages))


def test_a_table_cut_short_is_read_on_and_another_reading_is_not_taken() -> None:
    """A part is read in its column first, and the column may seem to end within the table."""
    box = (0.0, 0.0, 1.0, 1.0)
    short = [(Cell("K-1", box), Cell("5", box)), (Cell("K-2", box), None)]
    longer = [*short, (Cell("K-3", box), Cell("7", box))]
    assert _goes_on(short, longer)
    assert not _goes_on(short, short)
    assert not _goes_on(short, [(Cell("K-1", box), Cell("6", box)), *longer[1:]])  # a column of text beside the table got into it
