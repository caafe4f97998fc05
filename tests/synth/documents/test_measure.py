"""Values measured from pixels, clean and scanned. The bar: within 1.5 % of the axis range."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from synth.documents.measure import Picture, measure_bar
from synth.documents.proof import ProofError
from synth.render.raster import rasterise
from synth.render.scan import apply, draw_scan
from tests.synth.documents.reading_demo import LANGUAGES, Demo, demo

CASES = [(language, kind) for language in LANGUAGES for kind in ("bar", "barh", "line")]


def measured(doc: Demo, pictures: dict[int, Picture], category: str, series: str) -> Decimal:
    """Error of one mark in units of the tolerance."""
    truth = dict(zip(doc.chart.categories, dict(doc.chart.series)[series], strict=True))[category]
    found = measure_bar(doc.artefact.documents[0], pictures, doc.figure, category, series)
    return abs(found.value - truth) / found.tolerance


def shown(doc: Demo) -> list[tuple[str, str]]:
    return [(name, series) for series, _ in doc.chart.series for name in doc.chart.categories if name not in doc.chart.masked]


@pytest.mark.parametrize(("language", "kind"), CASES)
def test_every_mark_is_measured_within_the_tolerance(language: str, kind: str) -> None:
    doc = demo(language, 1, 2, kind)
    pictures = {picture.page: picture for picture in doc.artefact.pictures}
    errors = {mark: measured(doc, pictures, *mark) for mark in shown(doc)}
    assert max(errors.values()) < 1, errors


@pytest.mark.parametrize(("language", "kind"), CASES)
def test_hidden_values_are_masked_and_not_measured(language: str, kind: str) -> None:
    """Catches a reader that takes the hatched box for a bar and so answers a question that has no answer."""
    doc = demo(language, 1, 2, kind)
    pictures = {picture.page: picture for picture in doc.artefact.pictures}
    with pytest.raises(ProofError) as caught:
        measure_bar(doc.artefact.documents[0], pictures, doc.figure, doc.chart.masked[0], doc.chart.series[0][0])
    assert caught.value.reason == "masked"
    assert doc.artefact.documents[0].pages[doc.page("caption/f")].holds(doc.chart.hidden), "the legend does not say what hatching means"


def test_swapped_legend_is_told_apart() -> None:
    """Each series is measured by its own colour: the other series' value is further off than the tolerance."""
    doc = demo("en", 1, 2, "bar")
    pictures = {picture.page: picture for picture in doc.artefact.pictures}
    alpha, omega = (dict(zip(doc.chart.categories, values, strict=True)) for _, values in doc.chart.series)
    name = max((n for n in doc.chart.categories if n not in doc.chart.masked), key=lambda n: abs(alpha[n] - omega[n]))
    found = measure_bar(doc.artefact.documents[0], pictures, doc.figure, name, "Alpha")
    assert abs(found.value - alpha[name]) < found.tolerance < abs(found.value - omega[name])


@pytest.mark.parametrize("seed", range(6))
def test_scanned_pages_are_measured_within_the_tolerance(seed: int) -> None:
    """Skewed, blurred, tinted, JPEG: nine in ten marks within the tolerance and none beyond twice it."""
    doc = demo("en", 1, 3, ("bar", "barh", "line")[seed % 3])
    rng = np.random.default_rng(seed)
    look = replace(draw_scan(rng), gray=False)
    page = doc.page("caption/f")
    clean = rasterise(doc.laid_out.pdf, dpi=min(144.0, look.dpi))[page]
    image, matrix = apply(clean, None, look, rng)
    pictures = {page: Picture(0, page, image.data, min(144.0, look.dpi), matrix)}
    errors = sorted(measured(doc, pictures, *mark) for mark in shown(replace_artefact(doc)))
    assert errors[int(0.9 * len(errors)) - 1] < 1
    assert errors[-1] < 2


def replace_artefact(doc: Demo) -> Demo:
    """The document read afresh, so that no earlier measurement of its figure is remembered."""
    for page in doc.artefact.documents[0].pages:
        page.memo.clear()
    return doc


def test_what_is_missing_is_named() -> None:
    doc = demo("en", 1, 2, "bar")
    document, pictures = doc.artefact.documents[0], {picture.page: picture for picture in doc.artefact.pictures}
    for figure, category, series, words in (
        ("Figure 9", "The", "Alpha", "caption"), ("Figure 1", "Nobody", "Alpha", "category"), ("Figure 1", "The", "Gamma", "series"),
    ):  # fmt: skip
        with pytest.raises(ProofError, match=f"missing: .*{words}"):
            measure_bar(document, pictures, figure, category, series)
    replace_artefact(doc)
    with pytest.raises(ProofError, match="image of PDF page"):
        measure_bar(document, {}, "Figure 1", "The", "Alpha")
