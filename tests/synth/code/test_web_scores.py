"""What `assay evaluate` says of pages that a model wrote: right ones score 1, each mistake lowers the score that names it."""

import pytest

from synth.browser.chromium import no_browser
from synth.code.web_page import WebPage
from synth.code.web_run import fenced, html_in
from synth.code.web_scores import SCORES
from synth.make import make_sample

pytestmark = pytest.mark.skipif(bool(no_browser()), reason=no_browser())


def test_mistakes_lower_the_score_that_names_them() -> None:
    family = WebPage(kinds=("article",), idioms=("plain",), languages=("en",), tasks=("to_html",))
    sample = make_sample(family, "code.web_page", 0, 7)
    page = html_in(sample.turns[1].text)
    answers = {
        "right": fenced(page),
        "blocks": fenced(page.replace("</style>", "p { display: none !important }\n</style>")),
        "color": fenced(page.replace("</style>", "* { color: #cc2277 !important }\n</style>")),
        "position": fenced(page.replace("</style>", "html { direction: rtl } body { padding-top: 300px !important }\n</style>")),
        "text": fenced(page.replace("e", "o").replace("<hoad>", "<head>").replace("</hoad>", "</head>")),
        "unusable": fenced(page.replace("</style>", "body { min-width: 9000px !important }\n</style>")),
        "prose": "I cannot see a page.",
        "outside": fenced(page.replace("</head>", "<script>while (1) {}</script><img src='http://example.org/a.png'></head>")),
    }
    scores = dict(zip(answers, family.score_answers(sample.stored, sample.turns, [(1, text) for text in answers.values()]), strict=True))
    assert set(scores["right"]) == {"runs", "page", *(f"page_{name}" for name in SCORES)}
    assert set(scores["right"].values()) == {1.0}
    assert scores["outside"]["page_text"] == 1
    assert set(scores["unusable"].values()) == {0.0}
    assert scores["prose"]["page_blocks"] < 0.1
    for name, most in {"blocks": 0.9, "color": 0.9, "position": 0.95, "text": 0.97}.items():
        assert scores[name][f"page_{name}"] < most
        assert scores[name]["page"] < 1
    questions = [number for number, turn in enumerate(sample.turns) if turn.role == "assistant" and not turn.text.startswith("```")]
    assert all(family.score_answers(sample.stored, sample.turns, [(number, "x")]) == [{}] for number in questions)
