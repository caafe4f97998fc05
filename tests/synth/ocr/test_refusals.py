"""No text layer but the right one is proved: every kind of wrong one is refused, in every family and, in the slow tests, every language.

The answers stay as they are told, and so does the picture: what is wrong is what the sample says about its plate.
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache

import pytest

from schemas.errors import DataError
from schemas.languages import load_languages
from schemas.sample import Sample
from schemas.text_layer import Cluster, Run, TextLayer, TextLine, Word, layer_name, read_layer, write_layer
from synth.load import load_family
from synth.make import draft_sample, verify_sample
from synth.ocr.proof import layout_fault

PARAMS: Mapping[str, dict[str, object]] = {
    "ocr.line": {"units": ["line"], "wear": ["print"], "questions": 1, "damaged": 0.0},
    "ocr.page": {"wear": ["print"], "questions": 1, "damaged": 0.0, "context_tokens": 4096},
    "ocr.form": {"wear": ["print"], "questions": 2, "damaged": 0.0},
    "ocr.scene": {"wear": ["print"], "questions": 1, "damaged": 0.0},
}
FEW = ("en", "ar", "hi", "ja", "vi", "th")


@cache
def made(name: str, language: str) -> Sample:
    family = load_family(name, {**PARAMS[name], "languages": [language]}, "test")
    for index in range(8):
        try:
            sample = verify_sample(family, draft_sample(family, name, index, 21))
        except DataError:  # a sign that is too wide
            continue
        if all(verdict.passed for verdict in sample.verdicts):
            return sample
    raise AssertionError(f"no {name} in {language} is kept")


def passes(name: str, sample: Sample, layer: TextLayer) -> bool:
    """Whether any answer is proved from another layer."""
    kept = tuple(item for item in sample.attachments if item.name != layer_name(0))
    told = replace(sample, attachments=(*kept, write_layer(layer)))
    family = load_family(name, {**PARAMS[name], "languages": list(sample.languages)}, "test")
    return any(verdict.passed for verdict in verify_sample(family, told).verdicts)


def with_line(layer: TextLayer, number: int, line: TextLine) -> TextLayer:
    return replace(layer, lines=(*layer.lines[:number], line, *layer.lines[number + 1 :]))


def with_cluster(layer: TextLayer, number: int, at: int, which: int, text: str) -> TextLayer:
    """The layer with one cluster of one word told as another text, in all the texts that hold it."""
    line = layer.lines[number]
    word = line.words[at]
    before = sum(len(cluster.text) for cluster in word.clusters[:which])
    old = word.clusters[which].text
    runs, start = [], 0
    for run in word.runs:
        here = before - start
        start += len(run.text)
        runs.append(replace(run, text=run.text[:here] + text + run.text[here + len(old) :]) if 0 <= here < len(run.text) else run)
    clusters = (*word.clusters[:which], Cluster(text, word.clusters[which].box_px), *word.clusters[which + 1 :])
    told = replace(word, text=word.text[:before] + text + word.text[before + len(old) :], clusters=clusters, runs=tuple(runs))
    words = (*line.words[:at], told, *line.words[at + 1 :])
    return with_line(layer, number, replace(line, words=words, text=" ".join(word.text for word in words)))


def clusters_of(layer: TextLayer) -> Iterator[tuple[int, int, int, str]]:
    for number, line in enumerate(layer.lines):
        for at, word in enumerate(line.words):
            for which, cluster in enumerate(word.clusters):
                yield number, at, which, cluster.text


def other_cluster(layer: TextLayer) -> TextLayer | None:
    letters = [item for item in clusters_of(layer) if item[3].isalpha()]
    for number, at, which, text in letters:
        for *_, other in letters:
            if unicodedata.category(other[0]) == unicodedata.category(text[0]) and other.casefold() != text.casefold():
                return with_cluster(layer, number, at, which, other)
    return None


def dropped_mark(layer: TextLayer) -> TextLayer | None:
    for number, at, which, text in clusters_of(layer):
        parts = unicodedata.normalize("NFD", text)
        marks = [place for place, char in enumerate(parts) if place and unicodedata.category(char) in ("Mn", "Mc") and char not in "\u0345"]
        # A virama that joins letters is seen in how they join, which a font may not show.
        marks = [place for place in marks if unicodedata.combining(parts[place]) != 9]
        if marks and unicodedata.category(parts[0])[0] == "L":
            return with_cluster(layer, number, at, which, unicodedata.normalize("NFC", parts[: marks[0]] + parts[marks[0] + 1 :]))
    return None


def swapped_words(layer: TextLayer) -> TextLayer | None:
    for number, line in enumerate(layer.lines):
        for at in range(len(line.words) - 1):
            if line.words[at].text != line.words[at + 1].text:
                words = (*line.words[:at], line.words[at + 1], line.words[at], *line.words[at + 2 :])
                return with_line(layer, number, replace(line, words=words, text=" ".join(word.text for word in words)))
    return None


def swapped_lines(layer: TextLayer) -> TextLayer | None:
    for number in range(len(layer.lines) - 1):
        one, two = layer.lines[number : number + 2]
        if one.text != two.text and (one.block == two.block or one.role == "sign"):
            blocks = replace(two, block=one.block), replace(one, block=two.block)
            return replace(layer, lines=(*layer.lines[:number], *blocks, *layer.lines[number + 2 :]))
    return None


def visual_order(layer: TextLayer) -> TextLayer | None:
    def turned(word: Word) -> Word:
        runs = tuple(replace(run, text=run.text[::-1]) for run in word.runs[::-1])
        clusters = tuple(Cluster(cluster.text[::-1], cluster.box_px) for cluster in word.clusters[::-1])
        return replace(word, text=word.text[::-1], runs=runs, clusters=clusters)

    for number, line in enumerate(layer.lines):
        if line.rtl and line.text[::-1] != line.text and any(unicodedata.bidirectional(char) in ("R", "AL") for char in line.text):
            return with_line(layer, number, replace(line, text=line.text[::-1], words=tuple(turned(word) for word in line.words[::-1])))
    return None


def shifted_word(layer: TextLayer) -> TextLayer:
    line, word = layer.lines[0], layer.lines[0].words[0]
    return with_line(layer, 0, replace(line, words=(replace(word, box_px=third(word)), *line.words[1:])))


def shifted_line(layer: TextLayer) -> TextLayer:
    return with_line(layer, 0, replace(layer.lines[0], box_px=third(layer.lines[0])))


def shifted_ink(layer: TextLayer) -> TextLayer:
    """Boxes and runs of a line, as if it were drawn lower."""

    def run(one: Run, down: float) -> Run:
        return replace(one, y_px=one.y_px + down)

    line = layer.lines[0]
    down = max((line.box_px[3] - line.box_px[1]) / 3, 3.0)
    words = tuple(
        replace(
            word,
            box_px=lower(word.box_px, down),
            runs=tuple(run(one, down) for one in word.runs),
            clusters=tuple(Cluster(cluster.text, lower(cluster.box_px, down)) for cluster in word.clusters),
        )
        for word in line.words
    )
    return with_line(layer, 0, replace(line, box_px=lower(line.box_px, down), words=words))


def third(item: Word | TextLine) -> tuple[float, float, float, float]:
    return lower(item.box_px, max((item.box_px[3] - item.box_px[1]) / 3, 2.0))


def lower(box: tuple[float, float, float, float], down: float) -> tuple[float, float, float, float]:
    return (box[0], box[1] + down, box[2], box[3] + down)


WRONG: Mapping[str, Callable[[TextLayer], TextLayer | None]] = {
    "one cluster changed": other_cluster,
    "a mark dropped": dropped_mark,
    "words swapped": swapped_words,
    "lines swapped": swapped_lines,
    "visual order": visual_order,
    "a word's box shifted": shifted_word,
    "a line's box shifted": shifted_line,
    "ink shifted": shifted_ink,
}


def refuse_all(name: str, language: str) -> set[str]:
    """Try every wrong layer that the sample allows; the kinds tried."""
    sample = made(name, language)
    layer = read_layer(sample.stored)
    wrong = {kind: changed for kind, change in WRONG.items() if (changed := change(layer)) is not None}
    accepted = [kind for kind, changed in wrong.items() if changed != layer and passes(name, sample, changed)]
    assert not accepted, (name, language, accepted)
    return {*wrong}


@pytest.mark.parametrize("name", PARAMS)
def test_wrong_layers_are_refused_in_every_family(name: str) -> None:
    tried: set[str] = set()
    for language in FEW:
        tried |= refuse_all(name, language)
    assert tried == {*WRONG} - ({"lines swapped"} if name == "ocr.line" else set())


@pytest.mark.slow
@pytest.mark.parametrize("language", load_languages())
@pytest.mark.parametrize("name", PARAMS)
def test_wrong_layers_are_refused_in_every_language(name: str, language: str) -> None:
    assert len(refuse_all(name, language)) >= 4


@pytest.mark.parametrize("language", ["en", "ar", "ja"])
def test_pages_are_read_on_below_or_beside(language: str) -> None:
    layer = read_layer(made("ocr.page", language).stored)
    assert layout_fault(layer) == ""
    assert "read after" in layout_fault(replace(layer, lines=layer.lines[::-1]))
