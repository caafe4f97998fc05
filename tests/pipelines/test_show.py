"""What people see: chosen samples, evidence marked where it is, everything in one file, nothing unescaped, nothing only for the mouse."""

import base64
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image as PillowImage

from pipelines.show import choose, render_page, summarise_text
from pipelines.show_pictures import COLORS, MAX_IMAGES, chosen_images
from schemas.errors import UserError
from schemas.sample import BoxPx, Evidence, Image, Json, Proof, Sample, Turn, Verdict
from schemas.shard import Dataset

BOX: BoxPx = (400.0, 200.0, 800.0, 230.0)
VOID = {"meta", "img", "br", "rect"}


class Page(HTMLParser):
    """A parsed page: every element as (name, attributes), and the names of those left open or closed out of turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and (not self.open or self.open.pop() != tag):
            self.wrong.append(tag)

    def having(self, **wanted: str) -> Iterator[dict[str, str]]:
        """Attributes of the elements that have these."""
        return (found for _, found in self.elements if all(found.get(name) == value for name, value in wanted.items()))

    def marks(self) -> list[dict[str, str]]:
        """The coloured boxes over pictures."""
        return [rect for rect in self.named("rect") if "class" not in rect]

    def named(self, tag: str) -> list[dict[str, str]]:
        """Attributes of all elements of a name."""
        return [attributes for name, attributes in self.elements if name == tag]


def blank(width: int = 2200, height: int = 1000) -> Image:
    buffer = io.BytesIO()
    PillowImage.new("L", (width, height), 255).save(buffer, format="PNG")
    return Image.of(buffer.getvalue(), "png", width, height)


def asked(question: str, answer: str, proof: Proof, task: str = "t") -> tuple[Turn, Turn]:
    return Turn("user", question, task), Turn("assistant", answer, task, proof=proof)


def sample_of(*turns: Turn, images: tuple[Image, ...] = (), languages: tuple[str, ...] = ("en",)) -> Sample:
    verdicts = tuple(Verdict(turn.task, True, "ok", "artefact") for turn in turns if turn.role == "assistant")
    return Sample("f/v1/1", "f", 1, 0, 1, languages, (), images, (), (), turns, "{}", verdicts, "{}", 5, 5)


def test_samples_are_spread_over_the_data_set(faulty_set: Path) -> None:
    dataset = Dataset(faulty_set)
    assert [sample.sample_id for sample in choose(faulty_set, 2)] == [dataset[0].sample_id, dataset[6].sample_id]
    assert len(choose(faulty_set, 100)) == 13
    with pytest.raises(UserError, match="highest"):
        choose(faulty_set, 2, task="nothing")


def test_a_sample_is_shown_by_its_id(faulty_set: Path) -> None:
    wanted = Dataset(faulty_set)[7]
    assert choose(faulty_set, 1, sample_id=wanted.sample_id) == [wanted]
    with pytest.raises(UserError, match="no sample 'f/v1/nothing'"):
        choose(faulty_set, 1, sample_id="f/v1/nothing")


def test_the_page_holds_everything_and_fetches_nothing(faulty_set: Path) -> None:
    samples = choose(faulty_set, 3)
    told: list[tuple[int, int]] = []
    page = render_page("<title>", samples, on_sample=lambda *progress: told.append(progress))
    assert "<title>&lt;title&gt; · Assay</title>" in page
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    assert "$" not in page
    for sample in samples:
        assert sample.sample_id in page
    assert page.count("proved from the stored bytes: ok") == 6
    assert len(render_page("x", samples, task="sum")) < len(page)
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_the_page_says_that_it_is_a_selection(faulty_set: Path) -> None:
    samples = choose(faulty_set, 3)
    assert "Showing 3 of 13 samples with 6 answers, 6 of them proved again" in render_page("x", samples, total=13)
    assert "Showing 3 samples with" in render_page("x", samples, total=3)


def test_an_answer_that_is_not_proved_is_shown_as_such(faulty_set: Path) -> None:
    (sample,) = choose(faulty_set, 1)
    assert "0 of them proved" in render_page("x", [replace(sample, verdicts=())])
    first, second = sample.verdicts
    page = render_page("x", [replace(sample, verdicts=(replace(first, passed=False, reason="wrong_answer"), second))])
    assert "2 answers, 1 of them proved" in page
    assert '<span class="bad">✗ NOT proved from the stored bytes: wrong_answer' in page
    weaker = render_page("x", [replace(sample, verdicts=(replace(first, how="truth"), second))])
    assert "2 answers, 1 of them proved" in weaker
    assert "✓ proved against the stored truth" in weaker


def test_equal_samples_give_equal_pages(faulty_set: Path) -> None:
    assert render_page("x", choose(faulty_set, 5)) == render_page("x", choose(faulty_set, 5))


def test_the_page_is_well_formed_and_works_without_a_mouse(faulty_set: Path) -> None:
    page = Page(render_page("x", choose(faulty_set, 3)))
    assert (page.open, page.wrong) == ([], [])
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes["href"].removeprefix("#") for attributes in page.named("a")]
    targets = [attributes["data-image"] for attributes in page.named("button") if "data-image" in attributes]
    assert set(links + targets) <= set(ids)
    assert targets
    assert all("alt" in attributes for attributes in page.named("img"))
    assert all(attributes.get("aria-hidden") == "true" for attributes in page.named("svg"))  # boxes are told by the buttons' labels
    assert "Enlarge image 1 of 1, with evidence of Q1, Q2" in [attributes.get("aria-label") for attributes in page.named("button")]
    assert [level for level, _ in page.elements if level in ("h1", "h2", "h3")][:3] == ["h1", "h2", "h3"]


def test_boxes_are_where_the_evidence_is() -> None:
    """The overlay counts in stored pixels and covers what its picture shows, so a box is right at every size."""
    turns = asked("<image>\nWhere?", "there", Proof({"op": "x"}, 1, (Evidence(0, BOX),)))
    page = Page(render_page("x", [sample_of(*turns, images=(blank(),))]))
    views = [tuple(float(value) for value in attributes["viewbox"].split()) for attributes in page.named("svg")]
    assert list(views[0]) == [0, 0, 2200, 1000]
    for (left, top, width, height), rect in zip(views, page.marks(), strict=True):
        x, y, w, h = (float(rect[name]) for name in ("x", "y", "width", "height"))
        assert [x, y, x + w, y + h] == pytest.approx(list(BOX), abs=2.1)
        assert left <= x
        assert x + w <= left + width
        assert top <= y
        assert y + h <= top + height
    sizes = [PillowImage.open(io.BytesIO(base64.b64decode(i["src"].partition(",")[2]))).size for i in page.named("img")]
    assert sizes[1] == (1100, 500)  # after the contact sheet's
    assert len(views) == 2


def test_several_questions_about_one_place_are_all_seen() -> None:
    proof = Proof({"op": "x"}, 1, (Evidence(0, BOX), Evidence(0, BOX)))
    turns = (*asked("<image>a?", "1", proof), *asked("b?", "2", proof))
    page = Page(render_page("x", [sample_of(*turns, images=(blank(),))]))
    first, second = page.marks()[:2]  # each question's box once, the second around the first
    assert float(second["x"]) < float(first["x"])
    assert float(second["width"]) > float(first["width"])


def test_an_image_with_evidence_everywhere_is_shown_whole() -> None:
    """A page to parse, say: slices of it would only repeat it."""
    boxes = [(100.0, 10.0 + 60 * row, 300.0, 40.0 + 60 * row) for row in range(14)]
    for number, views in ((14, 2), (10, 5)):
        proof = Proof({"op": "parse"}, 1, tuple(Evidence(0, box) for box in boxes[:number]))
        page = Page(render_page("x", [sample_of(*asked("<image>parse", "1", proof), images=(blank(),))]))
        assert len(page.marks()) == 2 * number  # on the image, and below the question
        assert len(page.named("svg")) <= views
    assert len(page.named("svg")) > 2


def test_a_near_miss_is_not_shown_as_an_answer() -> None:
    program: Json = {"op": "absent", "near": [{"op": "cell"}], "query": [], "never": [["K-9", "2031"]]}
    evidence = (Evidence(0, BOX, note="Table 4"),)
    near = sample_of(*asked("<image>\nHow much was K-9 in 2031?", "Not stated.", Proof(program, None, evidence)), images=(blank(),))
    page = render_page("x", [near])
    assert "There is no answer. No page holds “K-9” together with “2031”. What follows is not an answer, but what" in page
    assert 'class="q0 near"' in page
    text = summarise_text([near])
    assert "no answer: No page holds “K-9”" in text
    assert "nearly matches image 1, Table 4" in text
    answered = replace(near, turns=asked("<image>\nHow much?", "3", Proof({"op": "cell"}, 3, evidence)))
    assert 'class="q0 near"' not in render_page("x", [answered])
    assert "There is no answer" not in render_page("x", [answered])
    assert "from image 1, Table 4" in summarise_text([answered])


def test_text_is_set_in_the_direction_of_its_language() -> None:
    proof = Proof({"op": "x"}, 1, ())
    page = Page(render_page("x", [sample_of(*asked("كم؟", "٨٣٫٧%", proof), languages=("ar",))]))
    assert page.named("h3")[0] == {"dir": "rtl", "lang": "ar"}
    assert next(page.having(**{"class": "answer"}))["dir"] == "rtl"  # digits alone would be taken for left to right
    assert Page(render_page("x", [sample_of(*asked("q", "a", proof), languages=("de",))])).named("h3")[0]["dir"] == "ltr"
    assert Page(render_page("x", [sample_of(*asked("q", "a", proof), languages=("und",))])).named("h3")[0]["dir"] == "auto"


def test_what_a_sample_says_cannot_become_markup(faulty_set: Path) -> None:
    sample = choose(faulty_set, 1)[0]
    turns = tuple(replace(turn, text=turn.text + "<script>alert(1)</script>", task="<b>") for turn in sample.turns)
    page = render_page("x", [replace(sample, turns=turns, tags=("<i>",), languages=('"><b>',))])
    assert page.count("<script>") == 1  # its own
    assert "<b>" not in page
    assert "<i>" not in page


def test_evidence_without_a_box_and_a_missing_verdict_are_shown_too(faulty_set: Path) -> None:
    sample = choose(faulty_set, 1)[0]
    turns = tuple(replace(t, proof=replace(t.proof, evidence=(Evidence(note="somewhere"),))) if t.proof else t for t in sample.turns)
    bare = replace(sample, turns=turns, verdicts=())
    page = render_page("x", [bare])
    assert "not verified" in page
    assert "<bdi>somewhere</bdi>" in page
    assert "from somewhere" in summarise_text([bare])


def test_a_sample_without_images_is_shown() -> None:
    page = Page(render_page("x", [sample_of(*asked("q?", "a", Proof({"op": "x"}, 1, ())))]))
    assert (page.open, page.wrong, page.named("img")) == ([], [], [])


def test_of_many_images_those_with_evidence_are_shown() -> None:
    assert chosen_images(3, [2]) == [0, 1, 2]
    assert chosen_images(1000, [7, 999]) == [*range(MAX_IMAGES - 1), 999]
    assert chosen_images(1000, range(500, 600)) == list(range(500, 500 + MAX_IMAGES))


def test_white_letters_can_be_read_on_every_colour() -> None:
    """WCAG 2.2, 1.4.3: contrast of at least 4.5, from relative luminance."""
    for color in COLORS:
        channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        luminance = sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
        assert 1.05 / (luminance + 0.05) >= 4.5, color
