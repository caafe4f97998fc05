"""Every letter that a picture is said to show must be seen in it, and what is said to be unreadable must not."""

import io
import itertools
import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFilter

from schemas.sample import BoxPx, Image, Sample
from schemas.text_layer import TextLayer, TextLine, Word, clean_name, layer_name, read_layer, write_layer
from synth.load import load_family
from synth.make import make_sample, verify_sample
from synth.ocr.fit import Flattened, LineFit
from synth.ocr.hidden import MOST_INK, not_hidden
from synth.ocr.letters import exemplars
from synth.ocr.visible import unseen
from synth.render.warp_file import stored_warp

FAMILIES = {
    "ocr.line": {"languages": ["en", "ar", "hi", "zh-Hans"], "units": ["line"], "wear": ["print", "photo"], "damaged": 0.0},
    "ocr.page": {"languages": ["vi"], "wear": ["scan"], "damaged": 0.0},
    "ocr.form": {"languages": ["de"], "wear": ["photo"], "damaged": 0.0},
    "ocr.scene": {"languages": ["th"], "wear": ["photo"], "damaged": 0.0},
}
DAMAGED = {name: {**params, "damaged": 1.0} for name, params in FAMILIES.items()}


@cache
def made(name: str, damaged: bool = False) -> tuple[Sample, ...]:
    params = (DAMAGED if damaged else FAMILIES)[name]
    count = 1 if name == "ocr.page" else 4
    found = (make_sample(load_family(name, params, "test"), name, index, 5) for index in range(2 * count))
    kept = [sample for sample in found if all(verdict.passed for verdict in sample.verdicts)]
    return tuple(kept[:count])


def reasons(name: str, sample: Sample) -> list[str]:
    """Why answers are not proved."""
    return [verdict.reason for verdict in verify_sample(load_family(name, FAMILIES[name], "test"), sample).verdicts if not verdict.passed]


def clean_of(sample: Sample) -> NDArray[np.uint8]:
    with Pillow.open(io.BytesIO(sample.stored.attachment(clean_name(0)).data)) as picture:
        return np.asarray(picture.convert("L"))


def with_picture(sample: Sample, picture: Pillow.Image) -> Sample:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return replace(sample, images=(Image.of(buffer.getvalue(), "png", picture.width, picture.height),))


def with_layer(sample: Sample, layer: TextLayer) -> Sample:
    kept = tuple(item for item in sample.attachments if item.name != layer_name(0))
    return replace(sample, attachments=(*kept, write_layer(layer)))


def covered(sample: Sample, box: BoxPx, margin: float = 0.0) -> Sample:
    """The stored picture with a box of the plate filled with what is around it."""
    x0, y0, x1, y1 = stored_warp(sample.stored).box((box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin))
    with Pillow.open(io.BytesIO(sample.images[0].data)) as stored:
        picture = stored.convert("RGB")
    left, top, right, bottom = round(x0), round(y0), round(x1), round(y1)
    above = np.asarray(picture.crop((left, max(0, top - 4), right, max(1, top - 1))))
    below = np.asarray(picture.crop((left, bottom + 1, right, bottom + 4)))
    rows = np.concatenate([above.reshape(-1, 3), below.reshape(-1, 3)])
    tone = np.median(rows, axis=0) if rows.size else np.zeros(3)
    ImageDraw.Draw(picture).rectangle((round(x0), round(y0), round(x1) - 1, round(y1) - 1), fill=tuple(int(v) for v in tone))
    return with_picture(sample, picture)


@pytest.mark.parametrize("name", FAMILIES)
def test_one_covered_letter_is_noticed(name: str) -> None:
    """Of the longest word, so that the word as a whole is still there."""
    tried = 0
    for sample in made(name):
        for word in sorted(read_layer(sample.stored).words, key=lambda word: -len(word.clusters))[:2]:
            letters = [cluster for cluster in word.clusters[1:-1] if cluster.text.isalnum()]
            if len(word.clusters) >= 5 and letters:
                tried += 1
                assert any("unreadable" in reason for reason in reasons(name, covered(sample, letters[len(letters) // 2].box_px))), (
                    word.text
                )
    assert tried


def test_a_dot_under_a_highlight_is_noticed() -> None:
    """`i` without its dot, a vowel without its dots."""
    tried = 0
    for sample in made("ocr.form")[:2]:
        for word in read_layer(sample.stored).words:
            for cluster in word.clusters:
                if cluster.text in ("i", "ä", "ö", "ü") and tried < 6:
                    x0, y0, x1, y1 = cluster.box_px
                    tried += 1
                    assert reasons("ocr.form", covered(sample, (x0 - 1, y0 - 1, x1 + 1, y0 + 0.27 * (y1 - y0)))), cluster.text
    assert tried >= 4


@pytest.mark.parametrize("name", FAMILIES)
def test_damaged_pictures_are_proved_and_say_so(name: str) -> None:
    told = set()
    for sample in made(name, damaged=True):
        layer = read_layer(sample.stored)
        if not any(word.hidden for word in layer.words):
            continue
        assert any(tag.startswith("damage:") for tag in sample.tags)
        told |= {turn.text for turn in sample.turns if turn.role == "assistant"}
    assert told
    assert any("illegible" in text or "无法辨认" in text or "cannot be read" in text for text in told)


@pytest.mark.parametrize("name", FAMILIES)
def test_hidden_words_cannot_be_told_otherwise(name: str) -> None:
    """Neither as readable, nor readable ones as hidden."""
    for sample in made(name, damaged=True):
        layer = read_layer(sample.stored)
        if any(word.hidden for word in layer.words):
            shown = replace(
                layer, lines=tuple(replace(line, words=tuple(replace(w, hidden=False) for w in line.words)) for line in layer.lines)
            )
            assert any(reason.startswith("unreadable") for reason in reasons(name, with_layer(sample, shown)))
    for sample in made(name):
        layer = read_layer(sample.stored)
        line = layer.lines[0]
        hidden = replace(line, words=(replace(line.words[0], hidden=True), *line.words[1:]))
        assert any(
            reason.startswith("not_hidden")
            for reason in reasons(name, with_layer(sample, replace(layer, lines=(hidden, *layer.lines[1:]))))
        )


@pytest.mark.parametrize("name", ["ocr.line", "ocr.form"])
def test_what_an_unreadable_word_says_cannot_be_answered(name: str) -> None:
    """The word itself, or that there is no text, where the right answer is that it cannot be read."""
    for sample in made(name, damaged=True):
        words = {word.text for word in read_layer(sample.stored).words if word.hidden}
        for number, turn in enumerate(sample.turns):
            value = turn.proof.answer if turn.proof else None
            if isinstance(value, dict) and value.get("reason") == "unreadable":
                for text in (*words, "There is no text there.", "那里没有文字。"):
                    turns = (*sample.turns[:number], replace(turn, text=text), *sample.turns[number + 1 :])
                    assert len(reasons(name, replace(sample, turns=turns))) == 1


def plain(word: str = "reading") -> tuple[NDArray[np.uint8], Word]:
    """A plate of one English word, and the word."""
    params = {"languages": ["en"], "units": ["word"], "wear": ["print"], "damaged": 0.0, "min_size_px": 40}
    sample = next(
        sample
        for index in range(40)
        if len((sample := make_sample(load_family("ocr.line", params, "test"), "ocr.line", index, 3)).turns[1].text) >= 6
    )
    return clean_of(sample), read_layer(sample.stored).words[0]


def in_colour(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(grey[:, :, None], 3, axis=2)


def around(word: Word, by: int) -> tuple[slice, slice]:
    x0, y0, x1, y1 = (int(side) for side in word.box_px)
    return slice(max(y0 - by, 0), y1 + by), slice(max(x0 - by, 0), x1 + by)


def test_only_what_nobody_can_read_is_hidden() -> None:
    clean, word = plain()
    alphabet = exemplars("en")
    place = around(word, 3)
    bar = clean.copy()
    bar[place] = 40
    assert not_hidden(in_colour(bar), clean, word, "en", alphabet) == ""
    assert "differs" in not_hidden(in_colour(np.full_like(clean, 255)), clean, word, "en", alphabet), "white on white shows nothing"
    assert "correlates" in not_hidden(in_colour(clean), clean, word, "en", alphabet)
    faint = bar.copy()
    faint[place] = np.where(clean[place] < 128, 28, 40)
    assert "correlates" in not_hidden(in_colour(faint), clean, word, "en", alphabet), "12 grey levels can still be read"
    mild = np.asarray(Pillow.fromarray(clean).filter(ImageFilter.GaussianBlur(2)))
    assert not_hidden(in_colour(mild), clean, word, "en", alphabet)
    other = clean.copy()
    other[place] = clean[place][:, ::-1]  # other shapes at the same place
    assert not_hidden(in_colour(other), clean, word, "en", alphabet)


def test_a_fit_is_that_of_least_squares() -> None:
    rng = np.random.Generator(np.random.PCG64(4))
    clean, seen = (rng.integers(0, 256, (40, 60)).astype(np.uint8) for _ in range(2))
    boxes = np.array([[3, 4, 30, 22], [-5, -5, 20, 20], [50, 30, 70, 50]])
    fitted = LineFit(seen, clean, TextLine("", "en", (0.0, 0.0, 60.0, 40.0), ()))
    found = fitted.fit(fitted.windows([(x0, y0, x1, y1) for x0, y0, x1, y1 in boxes.tolist()], 0, 0))
    for number, (x0, y0, x1, y1) in enumerate(boxes.tolist()):
        a, b = (item[max(y0, 0) : y1, max(x0, 0) : x1].astype(float).ravel() for item in (255 - clean, seen))
        assert found.correlation[number] == pytest.approx(-np.corrcoef(a, b)[0, 1])
        assert found.contrast[number] == pytest.approx(-255 * np.polyfit(a, b, 1)[0])


def test_unseen_names_the_letter() -> None:
    clean, word = plain()
    line = TextLine(word.text, "en", word.box_px, (word,))
    assert unseen(LineFit(clean, clean, line), line) == [""]
    erased = clean.copy()
    x0, y0, x1, y1 = (int(side) for side in word.clusters[2].box_px)
    erased[y0:y1, x0:x1] = 255
    (fault,) = unseen(LineFit(erased, clean, line), line)
    assert repr(word.clusters[2].text) in fault


def test_a_block_of_the_inks_tone_is_no_letter() -> None:
    """As large as the letter or a pixel larger, of which its dark middle alone is like the letter; on a page and in every line."""
    tried = 0
    for sample in (*made("ocr.line"), *made("ocr.page")):
        layer, clean = read_layer(sample.stored), clean_of(sample)
        flat = Flattened(sample.images[0], stored_warp(sample.stored), layer)
        for line in layer.lines[:8]:
            word = max(line.words, key=lambda word: len(word.clusters))
            letters = [item for item in word.clusters if item.text.isalnum() and not MOST_INK < ink_share(clean, item.box_px)]
            for letter, by in itertools.product(letters[1:-1][:2], (0, 1)):
                x0, y0, x1, y1 = (int(side) for side in letter.box_px)
                ink = clean[y0:y1, x0:x1] < 64
                blocked = flat.grey.copy()
                blocked[y0 - by : y1 + by, x0 - by : x1 + by] = np.median(flat.grey[y0:y1, x0:x1][ink]) if ink.any() else 0
                found = unseen(LineFit(blocked, clean, line), line)
                tried += 1
                assert found[line.words.index(word)], letter.text
                assert not any(unseen(LineFit(flat.grey, clean, line), line))
    assert tried > 30


def ink_share(clean: NDArray[np.uint8], box: BoxPx) -> float:
    x0, y0, x1, y1 = (int(side) for side in box)
    return float((255.0 - clean[y0:y1, x0:x1]).mean()) / 255.0


def test_json_of_hidden_words_survives() -> None:
    sample = next(sample for sample in made("ocr.form", damaged=True) if any(word.hidden for word in read_layer(sample.stored).words))
    stored = json.loads(sample.stored.attachment(layer_name(0)).data)
    assert any(word.get("hidden") for line in stored["lines"] for word in line["words"])
