"""Question wording: complete and alike in all languages, and refusals are told from answers by their words alone."""

import re
from itertools import chain
from pathlib import Path

import pytest

from schemas.errors import UserError
from synth.documents.question_words import question_wording
from synth.documents.questions import words as module
from synth.documents.questions.words import Phrasing, load_question_words

LANGUAGES = ("en", "zh", "ja", "ar", "hi", "ru", "de")


def slots(texts: tuple[str, ...]) -> list[set[str]]:
    return [set(re.findall(r"{(\w+)}", text)) for text in texts]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrasing_uses_the_slots_of_the_english_one(language: str) -> None:
    english, words = load_question_words("en").questions, load_question_words(language).questions
    assert words.keys() == english.keys()
    for key, phrasing in words.items():
        for mine, theirs in ((phrasing.ask, english[key].ask), (phrasing.also, english[key].also)):
            assert all(found == slots(theirs)[0] for found in slots(mine)), (language, key)
            assert bool(mine) == bool(theirs)


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_enough_different_phrasings(language: str) -> None:
    for key, phrasing in load_question_words(language).questions.items():
        assert len(set(phrasing.ask)) >= 6, key
        assert len(set(phrasing.answer)) >= 3, key
        assert all("{answer}" in text for text in phrasing.answer), key
        assert len(set(phrasing.also)) in (0, *range(3, 9)), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_refusals_refuse(language: str) -> None:
    words, known = load_question_words(language), question_wording(language)

    def refuses(text: str) -> bool:
        return any(phrase.casefold() in text.casefold() for phrase in words.answer_words.refusals)

    assert set(words.refusals) == set(known.refusals)
    assert all(map(refuses, words.refusals))
    assert not any(map(refuses, chain.from_iterable(answers(phrasing) for phrasing in words.questions.values())))


def answers(phrasing: Phrasing) -> tuple[str, ...]:
    return (*phrasing.answer, *phrasing.affirm, *phrasing.deny)


@pytest.mark.parametrize("language", LANGUAGES)
def test_yes_and_no_begin_as_the_verifier_expects(language: str) -> None:
    known = question_wording(language)
    for phrasing in load_question_words(language).questions.values():
        assert all(begins(text, known.yes) and not begins(text, known.no) for text in phrasing.affirm)
        assert all(begins(text, known.no) and not begins(text, known.yes) for text in phrasing.deny)


def begins(text: str, words: tuple[str, ...]) -> bool:
    return any(text.casefold().startswith(word.casefold()) for word in words)


def test_a_file_with_an_unknown_key_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = (module.FOLDER / "en.yaml").read_text(encoding="utf-8")
    (tmp_path / "xx.yaml").write_text(source.replace("    also:", "    allso:", 1), encoding="utf-8")
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    with pytest.raises(UserError, match="allso"):
        load_question_words("xx")
    with pytest.raises(UserError, match="no question wording"):
        load_question_words("yy")


NARROW = {
    "en": ("one-word", "the value,"), "zh": ("一个词", "一个数", "只要数值"), "ja": ("一語", "一つの数字", "単語だけ", "値か名前"),
    "ar": ("كلمة واحدة", "القيمة وحدها"), "hi": ("एक शब्द", "केवल मान"), "ru": ("слова или числа", "одна величина", "один результат"),
    "de": ("Ein Wort", "nur den Wert"),
}  # fmt: skip
"""Wishes for one word or number, which contradict a question that asks for several things."""

CLUMSY = {
    "en": ("with {attribute} of", "code before it."),
    "zh": ("先数目，后", "先图号后", '"分别是{answer}'),
    "ja": ("続いて最後の題の順に", "続いて題の順に"),
    "ar": ("صفحتا", "صفحتي PDF الآتيتين", "المطابق لها"),
}
"""Wording that was found wrong or stilted by readers: an article that is missing, a dual for three pages, a verb of the wrong gender."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_wish_for_a_form_contradicts_a_question_of_several_parts(language: str) -> None:
    frame = load_question_words(language).frame
    assert not [text for text in frame.tails_bare for narrow in NARROW[language] if narrow in text]


@pytest.mark.parametrize("language", CLUMSY)
def test_wording_that_was_found_wrong_does_not_come_back(language: str) -> None:
    paths = (module.FOLDER / f"{language}.yaml", module.FOLDER.parent / f"{language}.yaml")
    everything = "".join(path.read_text(encoding="utf-8") for path in paths)
    assert not [text for text in CLUMSY[language] if text in everything]
