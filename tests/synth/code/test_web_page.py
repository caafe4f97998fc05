"""`code.web_page`: every kind in every idiom is drawn, its words are the language's, and the verifier refuses what is not so."""

import io
import json
from dataclasses import replace
from functools import cache
from typing import Any, get_args

import numpy as np
import pytest
from PIL import Image as PillowImage

from schemas.errors import DataError, UserError
from schemas.sample import Attachment, Evidence, Image, Sample, Turn, Verdict
from synth.browser.chromium import no_browser
from synth.code.web_css import read_rules, used_rules, write_rules
from synth.code.web_html import write_page
from synth.code.web_look import LEAST_CONTRAST, Idiom, contrast, draw_look
from synth.code.web_page import WebPage
from synth.code.web_pages import Kind, draw_body
from synth.code.web_parts import Draft
from synth.code.web_proof import verdicts
from synth.code.web_run import check_drawn, draw_whole, html_in, lines_of
from synth.code.web_self_contained import check_self_contained
from synth.code.web_words import Words
from synth.load import load_family
from synth.make import make_sample
from synth.render.raster import png_bytes

pytestmark = pytest.mark.skipif(bool(no_browser()), reason=no_browser())
SEED = 7


@cache
def made(task: str, index: int = 0) -> Sample:
    for number in range(index, index + 12):  # a page may have nothing of the kind, or be refused
        try:
            return make_sample(WebPage(tasks=(task,), languages=("en", "ar", "ja")), "code.web_page", number, SEED)  # type: ignore[arg-type]
        except DataError:
            continue
    raise AssertionError("no page can be used")


def judged(sample: Sample, turns: tuple[Turn, ...] | None = None, **attachments: bytes) -> list[str]:
    """Reasons of an altered sample."""
    kept = [
        Attachment.of(one.name, one.media_type, attachments[one.name.replace(".", "_")])
        if one.name.replace(".", "_") in attachments
        else one
        for one in sample.attachments
    ]
    found: tuple[Verdict, ...] = verdicts(replace(sample.stored, attachments=tuple(kept)), turns or sample.turns)
    return [verdict.reason for verdict in found]


@pytest.mark.parametrize("idiom", get_args(Idiom))
@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_is_drawn_in_every_idiom(kind: Kind, idiom: Idiom) -> None:
    rng = np.random.default_rng([get_args(Kind).index(kind), get_args(Idiom).index(idiom)])
    draft = Draft(Words("de", rng), rng, False, "")
    html = write_page(draw_body(kind, draft), draw_look("de", idiom, rng), title="Seite", language="de", rtl=False)
    check_self_contained(html)
    check_drawn(draw_whole(html, 1280, 800))


@pytest.mark.parametrize("seed", range(12))
def test_text_can_be_read_on_its_ground(seed: int) -> None:
    tokens = draw_look("en", "plain", np.random.default_rng(seed)).tokens
    pairs = [
        ("ink", "ground"),
        ("ink", "surface"),
        ("muted", "surface"),
        ("on_primary", "primary"),
        ("strong", "surface"),
        ("error", "surface"),
    ]
    pairs += [(f"{name}_ink", f"{name}_ground") for name in ("soft", "success", "warning", "danger")]
    assert all(contrast(tokens[one], tokens[other]) >= LEAST_CONTRAST for one, other in pairs)


def test_labels_are_in_the_language() -> None:
    words = Words("de", np.random.default_rng(0))
    assert words.label("Save") == "Sichern"
    assert Words("ar", np.random.default_rng(0)).label("Search") == "ابحث"


def test_right_to_left_pages_are_mirrored() -> None:
    rng = np.random.default_rng(3)
    html = write_page(
        draw_body("settings", Draft(Words("he", rng), rng, False, "")), draw_look("he", "plain", rng), title="x", language="he", rtl=True
    )
    drawn = draw_whole(html, 1280, 800)
    side = next(one for one in drawn.snapshot.elements if one.tag == "aside")
    assert side.box_px is not None
    assert side.box_px[2] == 1280


def test_of_a_framework_only_what_is_used_stays() -> None:
    css = ":root{--a:1px;--b:2px}.btn{margin:var(--a)}.btn:hover{margin:0}.card .btn{x:y}"
    css += "@media (min-width:9px){.btn{p:q}}@media print{.btn{r:s}}"
    kept = write_rules(used_rules(list(read_rules(css)), {"btn"}, {"body"}))
    assert kept == ":root { --a:1px }\n.btn { margin:var(--a) }\n@media (min-width:9px) {\n  .btn { p:q }\n}"


@pytest.mark.parametrize("task", ["to_html", "edit", "mend", "ask"])
def test_answers_are_proved(task: str) -> None:
    assert all(verdict.passed for verdict in made(task).verdicts), made(task).verdicts


def test_another_picture_is_refused() -> None:
    sample, other = made("ask"), made("ask", 12)
    assert all(not v.passed for v in verdicts(replace(sample.stored, images=other.images), sample.turns))


def test_a_page_of_one_letter_more_is_refused() -> None:
    sample = made("ask")
    html = sample.stored.attachment("page.html").data.decode()
    title = next(
        text for text in json.loads(sample.stored.attachment("page.json").data)["texts"] if len(text) > 6 and html.count(text) == 1
    )
    assert set(judged(sample, page_html=html.replace(title, title + "s").encode())) == {"draws_another_picture"}


def test_a_specification_with_another_text_or_direction_is_refused() -> None:
    sample = made("ask")
    spec: dict[str, Any] = json.loads(sample.stored.attachment("page.json").data)
    assert set(judged(sample, page_json=json.dumps(spec | {"texts": ["x", *spec["texts"][1:]]}).encode())) == {"other_texts"}
    turned = "rtl" if spec["direction"] == "ltr" else "ltr"
    assert set(judged(sample, page_json=json.dumps(spec | {"direction": turned}).encode())) == {"other_direction"}


def test_the_sample_does_not_choose_how_strictly_it_is_judged() -> None:
    sample = made("ask")
    spec: dict[str, Any] = json.loads(sample.stored.attachment("page.json").data)
    other = json.dumps(spec | {"browser": "chromium 1.2.3.4"}).encode()
    assert set(judged(sample, page_json=other)) == {"other_browser"}


def test_a_picture_with_one_pixel_of_another_tone_is_refused() -> None:
    sample = made("ask")
    shown = sample.stored.images[0]
    with PillowImage.open(io.BytesIO(shown.data)) as picture:
        pixels = np.array(picture.convert("RGB"))
    pixels[5, 5, 0] ^= 1
    image = Image.of(png_bytes(pixels), "png", shown.width_px, shown.height_px)
    found = verdicts(replace(sample.stored, images=(image,)), sample.turns)
    assert {verdict.reason for verdict in found} == {"draws_another_picture"}


@pytest.mark.parametrize("task", ["to_html", "edit", "mend", "ask"])
def test_evidence_elsewhere_is_refused(task: str) -> None:
    sample = made(task)
    lines = lines_of(draw_whole(sample.stored.attachment("page.html").data.decode(), 1280, 800).snapshot)
    for evidence in ((), (Evidence(1),), (Evidence(0, lines[-1].box_px), Evidence(0, lines[-1].box_px))):
        turns = tuple(replace(turn, proof=replace(turn.proof, evidence=evidence)) if turn.proof else turn for turn in sample.turns)
        assert set(judged(sample, turns)) == {"evidence_elsewhere"}


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff", b'{"browser": 1, "direction": "ltr", "texts": [], "window": [1, "2"]}'])
def test_a_damaged_sample_is_refused(data: bytes) -> None:
    assert set(judged(made("ask"), page_json=data)) == {"unreadable_sample"}
    assert set(judged(made("ask"), page_html=b"\xff\xfe")) == {"unreadable_sample"}
    sample = made("ask")
    for images in ((), (replace(sample.stored.images[0], data=b"GIF89a"),)):
        assert {one.reason for one in verdicts(replace(sample.stored, images=images), sample.turns)} == {"unreadable_sample"}


def test_boxes_beside_the_text_are_refused() -> None:
    for index in range(0, 60, 12):
        sample = made("ask", index)
        for number, turn in enumerate(sample.turns):
            if turn.task == "box_text" and turn.role == "assistant" and turn.proof:
                first = int(json.loads(html_in(turn.text.replace("```json", "```html")))[0]["bbox_2d"][0])
                text = turn.text.replace(f"[{first},", f"[{first + 9},")
                turns = (
                    *sample.turns[:number],
                    replace(turn, text=text, proof=replace(turn.proof, answer=text)),
                    *sample.turns[number + 1 :],
                )
                assert "wrong_answer" in judged(sample, turns)
                return
    raise AssertionError("no page was asked for a box")


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        (
            "<body style='overflow-x:hidden'><p style='width:60px;overflow:hidden;white-space:nowrap'>a long line of text</p>"
            + "<h1>more text here</h1>" * 3,
            "text_cut_off",
        ),
        (
            "<body><p style='position:absolute;top:9px'>one text of length</p><p style='position:absolute;top:9px'>other text</p>"
            + "<h1>more text here</h1>" * 3,
            "text_overlaps",
        ),
        ("<body><p>\U00016f00 \U00016f01</p>" + "<h1>some text</h1>" * 9, "no_glyph"),
        ("<body>", "blank_picture"),
        ("<body><div style='width:2000px'>wide</div>", "too_wide"),
        ("<body><div style='height:9000px'>tall</div>", "too_tall"),
    ],
)
def test_pages_that_nobody_would_show_are_refused(html: str, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        check_drawn(draw_whole(f"<!DOCTYPE html>{html}", 500, 400))


@pytest.mark.parametrize(
    "html",
    [
        "<img src='a.png'>",
        "<link href=https://a.org/b.css>",
        "<style>@import 'a.css'</style>",
        "<p style='background:url(a.png)'>",
        "<p onclick=x()>",
        "<svg/onload=alert(1)>",
        "<p style='background:image-set(\"http://x/y.png\" 1x)'>",
        "<style>p{background:u\\72l(a.png)}</style>",
        "<title><style></title><img src=a.png></style>",
        "<script>1</script>",
        "<meta http-equiv='refresh' content='0;url=http://a.org'>",
    ],
)
def test_a_page_that_asks_for_more_is_refused(html: str) -> None:
    with pytest.raises(DataError, match="not_self_contained"):
        check_self_contained(html)


def test_prose_may_speak_of_code() -> None:
    check_self_contained("<style>p::before{content:'url(a.png)'}</style><p>set one = 1; src = 2; url(x); @import; <b>on</b> = off</p>")


def test_a_page_may_hold_its_own_pictures() -> None:
    check_self_contained(
        "<a href='#'>x</a><style>p{background:url(\"data:image/svg+xml,%3csvg xmlns='http://www.w3.org/2000/svg'/%3e\")}</style>"
    )


def test_the_tree_is_in_the_truth() -> None:
    truth = json.loads(made("ask").truth)["world"] if "world" in json.loads(made("ask").truth) else json.loads(made("ask").truth)
    assert truth["body"]["tag"] == "body"


def test_unknown_kinds_are_named() -> None:
    with pytest.raises(UserError, match="dashbord"):
        load_family("code.web_page", {"kinds": ["dashbord"]})
