"""How questions, places and programs are put for people."""

from pathlib import Path

from pipelines.show import choose
from pipelines.show_exchange import absence, exchanges, formula, places, plain, proved
from schemas.sample import Evidence, Json, Verdict


def test_questions_are_shown_without_placeholders(faulty_set: Path) -> None:
    assert plain("Page 1 <image>\nPage 2 <image>\nHow much?") == "How much?"
    assert plain("How much?") == "How much?"
    asked = exchanges(choose(faulty_set, 1)[0])
    assert [exchange.answer.task for exchange in asked] == ["sum", "highest"]
    assert [exchange.label for exchange in asked] == ["Q1", "Q2"]
    assert [exchange.number for exchange in exchanges(choose(faulty_set, 1)[0], task="highest")] == [1]


def test_places_say_what_they_share_once() -> None:
    cells = [Evidence(image=4, note=f"page 5: cell {name}") for name in "ABCAD"]
    assert places(cells[:1]) == ["image 5, page 5: cell A"]
    assert places(cells, most=3) == ["image 5, page 5: cell A, cell B, cell C and 1 more"]
    assert places([*cells[:1], Evidence(time_s=(1.0, 2.5), note="jump")]) == ["image 5, page 5: cell A", "1.00 to 2.50 s, jump"]
    assert places([Evidence(image=0), Evidence(image=1)]) == ["image 1", "image 2"]
    assert places([Evidence(image=0, note="page 1: a"), Evidence(image=0, note="page 2: b")]) == ["image 1, page 1: a, page 2: b"]


def test_verdicts_say_what_they_rest_on() -> None:
    assert proved(Verdict("t", True, "derived again", "artefact")) == "proved from the stored bytes: derived again"
    assert proved(Verdict("t", False, "wrong_answer", "truth")) == "NOT proved against the stored truth: wrong_answer"
    assert proved(None) == "not verified"


def test_refusals_say_what_is_not_there() -> None:
    assert absence({"op": "absent", "text": "Suport CPU", "near": "LVM"}) == "No page holds “Suport CPU”. It nearly matches “LVM”."
    assert absence({"op": "absent", "near": [{}], "query": [], "never": [["a"], ["b", "c"]]}) == (
        "No page holds “a”. No page holds “b” together with “c”."
    )
    assert absence({"op": "absent", "near": [{}], "query": [{"op": "cell"}]}) == "What it asks for is looked up, and nothing is found."


def test_programs_read_as_calls() -> None:
    cell: Json = {"op": "cell", "table": "Table 2", "row": "K-104"}
    assert formula({"op": "mul", "args": [cell, 1000]}) == 'mul(args=[cell(table="Table 2", row="K-104"), 1000])'
    long = formula([{"op": "sum", "of": [cell] * 4}, True])
    assert long.splitlines()[:4] == ["[", "  sum(", "    of=[", '      cell(table="Table 2", row="K-104"),']
    assert all(len(line) <= 110 for line in long.splitlines())
    assert long.count("(") == long.count(")") == 5
