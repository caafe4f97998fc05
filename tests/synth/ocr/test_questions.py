"""What is asked about text in pictures: near misses that look different, names of languages and scripts, budgets, tables that are whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache

import pytest
from numpy.random import PCG64, Generator

from schemas.errors import DataError
from schemas.geometry import box_px_to_1000
from schemas.languages import load_languages, taken_for
from schemas.sample import Json, Sample
from schemas.text_layer import read_layer
from synth.load import load_family
from synth.make import draft_sample, make_sample, verify_sample
from synth.ocr import prompts
from synth.ocr.corpus import load_corpus
from synth.ocr.near_misses import other_word, respelled
from synth.ocr.proof_answers import different_px, table_fault
from synth.ocr.questions import SCRIPTS_ALIKE, table_rows
from synth.ocr.redraw import text_ink
from synth.ocr.tongues import language_fault, script_of
from synth.render.warp_file import stored_warp

LINE = {"units": ["line"], "wear": ["print"], "questions": 7, "damaged": 0.0}


@cache
def made(language: str, index: int = 0) -> Sample:
    return make_sample(load_family("ocr.line", {**LINE, "languages": [language]}, "test"), "ocr.line", index, 8)


def with_task(language: str, task: str, letter: str) -> Sample:
    """A sample that has such a question, and a word with that letter."""
    for index in range(12):
        sample = made(language, index)
        if any(turn.task == task for turn in sample.turns) and any(letter in word.text for word in read_layer(sample.stored).words):
            return sample
    raise AssertionError(f"no question of {task}")


def verdict_on(sample: Sample, task: str, slots: dict[str, str], program: dict[str, Json], answer: str, value: Json) -> str:
    """What the verifier says to a question and answer put in place of the sample's own of that task."""
    number, asked = next((n, turn) for n, turn in enumerate(sample.turns) if turn.role == "user" and turn.task == task)
    told = sample.turns[number + 1]
    assert told.proof is not None
    start = "<image>\n" if asked.text.startswith("<image>") else ""
    text = start + next(text for text in prompts.phrasings(task)["en"] if all(f"{{{name}}}" in text for name in slots)).format(**slots)
    proof = replace(told.proof, program={"op": task, **program}, answer=value)
    turns = (*sample.turns[:number], replace(asked, text=text), replace(told, text=answer, proof=proof), *sample.turns[number + 2 :])
    family = load_family("ocr.line", {**LINE, "languages": list(sample.languages)}, "test")
    return verify_sample(family, replace(sample, turns=turns)).verdicts[number // 2].reason


@pytest.mark.parametrize("language", ["en", "ru", "ar", "hi", "th", "ko", "ja"])
def test_near_misses_are_drawn_otherwise(language: str) -> None:
    word = next(word for index in range(6) for word in read_layer(made(language, index).stored).words if len(word.clusters) >= 3)
    rng, words = Generator(PCG64(1)), load_corpus(language).words
    for _ in range(8):
        near = respelled(word, language, {word.text}, words, rng)
        if near is None:
            continue
        assert near != word.text
        one, other = (text_ink(text, word.runs[0], language) for text in (word.text, near))
        if one is not None and other is not None:
            assert different_px(one, other) > 0
    other_text = other_word(word.text, {word.text}, words, rng)
    assert other_text is None or (other_text in words and other_text not in word.text)


TWIN = "\u043e"
"""Cyrillic o, which is drawn as the Latin letter."""


def test_letters_of_one_look_are_no_near_miss() -> None:
    sample = with_task("en", "spelled", "o")
    word = next(word for word in read_layer(sample.stored).words if "o" in word.text)
    (image,) = sample.images
    x0, y0, x1, y1 = stored_warp(sample.stored).box(word.box_px)
    box = list(box_px_to_1000((x0, y0, x1, y1), image.width_px, image.height_px))
    twin = word.text.replace("o", TWIN)
    slots, answer = {"box": str(box), "text": twin}, prompts.answer("no", "en", text=word.text)
    assert "looks like" in verdict_on(sample, "spelled", slots, {"box": list(box), "text": twin}, answer, False)


def test_an_absent_text_that_looks_like_a_present_one_is_refused() -> None:
    sample = with_task("en", "find_text", "o")
    twin = next(word.text for word in read_layer(sample.stored).words if "o" in word.text).replace("o", TWIN)
    none: Json = {"type": "none", "value": None}
    empty = "```json\n[]\n```"
    assert "looks like" in verdict_on(sample, "find_text", {"text": twin}, {"text": twin}, empty, none)
    assert "proof says" in verdict_on(sample, "find_text", {"text": "zyxwvut"}, {"text": "zyxwvut"}, empty, "absent")


@pytest.mark.parametrize("code", load_languages())
def test_the_script_of_a_text_is_told_from_its_letters(code: str) -> None:
    row = load_languages()[code]
    wanted = {"Hans": {"Hani"}, "Hant": {"Hani"}, "Kore": {"Hang", ""}, "Jpan": {"Jpan", "Hani"}}.get(row.script, {row.script})
    words = [word for word in load_corpus(code).words[:60] if len(word) > 1 and any(map(str.isalpha, word))]
    assert {script_of(word) for word in words} <= wanted | ({"Hani"} if row.script == "Kore" else set())
    assert sum(code in group for group in SCRIPTS_ALIKE for code in wanted - {""}) >= 1
    assert wanted - {""} <= {*prompts.script_names("en")} & {*prompts.script_names("zh")}


@pytest.mark.parametrize("code", [code for code in load_languages() if taken_for(code)])
def test_a_text_speaks_for_its_own_language(code: str) -> None:
    sentences = [text for text in load_corpus(code).sentences if len(text) > 60][:12] or load_corpus(code).sentences[:12]
    passed = [text for text in sentences if not language_fault(text, code)]
    assert len(passed) >= len(sentences) / 2
    other = taken_for(code)[0]
    assert not [text for text in passed if not language_fault(text, other)]


def test_another_language_or_script_is_refused() -> None:
    text = "Все люди рождаются свободными и равными в своём достоинстве и правах"
    assert language_fault(text, "ru") == ""
    assert language_fault(text, "uk")
    assert language_fault(text, "bg")
    assert script_of(text) == "Cyrl"
    assert script_of("Все и all") == ""
    sample = with_task("ru", "script", "и")
    slots = {"choices": "A. Latin B. Cyrillic C. Greek"}
    for letter, right in (("A", False), ("B", True), ("C", False)):
        reason = verdict_on(sample, "script", slots, {**slots}, letter, {"type": "text", "value": letter})
        assert reason.startswith("answered") == right
    twice = {"choices": "A. Cyrillic B. Cyrillic C. Greek"}
    assert "choices" in verdict_on(sample, "script", twice, {**twice}, "A", {"type": "text", "value": "A"})


@contextmanager
def suppress_over_budget() -> Iterator[None]:
    """What does not fit at all has a reason of its own."""
    try:
        yield
    except DataError as error:
        if error.reason != "over_budget":
            raise


@pytest.mark.parametrize("name", ["ocr.line", "ocr.page", "ocr.form", "ocr.scene"])
def test_no_sample_is_longer_than_its_context(name: str) -> None:
    family = load_family(name, {"context_tokens": 2048, "languages": ["en", "hi"], "questions": 6}, "test")
    for index in range(4):
        with suppress_over_budget():
            sample = draft_sample(family, name, index, 4)
            assert sample.text_tokens + sample.vision_tokens <= 2048


def test_ragged_tables_are_refused() -> None:
    params = {"kinds": ["invoice"], "wear": ["print"], "languages": ["en"]}
    sample = draft_sample(load_family("ocr.form", params, "test"), "ocr.form", 0, 3)
    cells = [line for line in read_layer(sample.stored).lines if line.role == "cell"]
    assert len({len(row) for row in table_rows(cells)}) == 1
    with pytest.raises(DataError, match="ragged_table"):
        table_rows(cells[:-1])
    assert table_fault(cells) == ""
    assert "the rows of a table have" in table_fault(cells[:-1])


@pytest.mark.parametrize("language", ["en", "ar"])
def test_cells_told_in_another_order_are_no_table(language: str) -> None:
    """Catches cells of a row that are swapped, and a table told column by column."""
    params = {"kinds": ["invoice"], "wear": ["print"], "languages": [language]}
    sample = draft_sample(load_family("ocr.form", params, "test"), "ocr.form", 0, 3)
    cells = [line for line in read_layer(sample.stored).lines if line.role == "cell"]
    assert table_fault(cells) == ""
    width = len(table_rows(cells)[0])
    by_columns = [cell for column in range(width) for cell in cells[column::width]]
    for other in ([cells[1], cells[0], *cells[2:]], [*cells[width:], *cells[:width]], by_columns):
        assert "not told row by row" in table_fault(other)


def test_texts_that_are_too_wide_get_a_wider_form() -> None:
    for index in (7, 36):  # a Thai address, a Russian heading of a narrow column
        sample = draft_sample(load_family("ocr.form", {}, "t"), "ocr.form", index, 11)
        assert sample.turns


def test_values_are_in_the_proof() -> None:
    values = [(turn.task, turn.text, turn.proof.answer) for i in range(6) for turn in made("en", i).turns[1::2] if turn.proof]
    for task, text, value in values:
        if task == "read_box":
            assert value in ({"type": "text", "value": text}, {"type": "none", "value": None})
        if task == "spelled":
            assert value == text.startswith(("Yes", "是的"))
        if task == "transcribe":
            assert value is None
    sample = made("en", 0)
    number = next(n for n, turn in enumerate(sample.turns) if turn.role == "assistant" and turn.task != "transcribe")
    turn = sample.turns[number]
    assert turn.proof is not None
    other = replace(turn, proof=replace(turn.proof, answer="another"))
    family = load_family("ocr.line", {**LINE, "languages": ["en"]}, "test")
    verdicts = verify_sample(family, replace(sample, turns=(*sample.turns[:number], other, *sample.turns[number + 1 :]))).verdicts
    assert "the proof says" in verdicts[number // 2].reason


def test_a_picture_without_questions_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synth.ocr.picture.write_turns", lambda *_: ())
    with pytest.raises(DataError, match="nothing_to_ask"):
        make_sample(load_family("ocr.line", {"languages": ["en"]}), "ocr.line", 0, 1)
