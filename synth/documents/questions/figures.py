"""Questions about figures, which the verifier answers by measuring pixels: what is asked must stay clear of the measuring error."""

from decimal import Decimal

from numpy.random import Generator

from schemas.sample import Json
from synth.documents.blocks import Figure
from synth.documents.questions.choosing import first_that_works, one
from synth.documents.questions.context import Context, Paper, printed
from synth.documents.questions.draft import Draft, Kind, finding, several, text
from synth.documents.questions.tables import of_value

MARGIN = Decimal("0.09")
"""Values asked about differ by this share of the largest in their figures: three times the tolerance of two measured values on an axis that
ends above the largest (1.5 % each of up to twice the largest)."""


MAX_COVERED = 0.25
"""A mark is read where another lies over at most this share of its box (chosen: markers half a diameter apart share less)."""


def _shown(figure: Figure, series: int = -1) -> dict[str, Decimal]:
    """Values of a series by category, masked ones left out."""
    name_values = zip(figure.chart.categories, figure.chart.series[series][1], strict=True)
    return {name: value for name, value in name_values if name not in figure.chart.masked}


def _category(paper: Paper, figure: Figure, code: str) -> str:
    """How a figure names an entity."""
    return code if code in figure.chart.categories else paper.entity(code).name


def _mark(figure: Figure, category: str, series: int = -1) -> str:
    """Anchor of the bar or marker of a category."""
    return f"bar/{figure.key}/{series % len(figure.chart.series)}/{category}"


def _claims(paper: Paper) -> list[tuple[str, Figure]]:
    """Claims of the text with the figure they are about."""
    found = []
    for key in paper.world.claims:
        metric, code = key.split("/")
        number = paper.world.groups.index(paper.entity(code).group)
        figure = paper.written.figures.get(f"figure-{metric}-{number}")
        if figure and _category(paper, figure, code) in _shown(figure) and paper.page(f"caption/{figure.key}") is not None:
            found.append((key, figure))
    return found


def chart_and_text(context: Context, rng: Generator) -> Draft | None:
    """4: whether the value a passage gives agrees with the figure it refers to, and what that value is."""
    paper = one(rng, context.papers)
    agree = bool(rng.random() < 0.5)

    def ask(item: tuple[str, Figure]) -> Draft | None:
        key, figure = item
        metric_key, code = key.split("/")
        category, claim = _category(paper, figure, code), paper.told(f"claim/{key}")
        shown, said = _shown(figure)[category], paper.world.claims[key]
        largest = max(value for _, values in figure.chart.series for value in values)
        if claim is None or (shown == said) != agree or (shown != said and abs(shown - said) < MARGIN * largest):
            return None
        series = figure.chart.series[-1][0]
        bar: Json = {"op": "bar", "doc": paper.index, "figure": figure.label, "category": category, "series": series}
        program: Json = [{"op": "compare", "relation": "eq", "left": bar, "right": claim.program}, claim.program]
        metric = paper.metric(metric_key)
        answer = finding(agree, of_value(paper, said, metric.decimals, metric.unit))
        anchors = (*claim.anchors, *paper.anchored(_mark(figure, category), f"caption/{figure.key}"))
        slots = {"metric": metric.name, "entity": paper.entity(code).name, "period": series, "figure": figure.label}
        kinds: frozenset[Kind] = frozenset({"figure", "text"})
        return Draft("chart_against_text", "chart_and_text", slots, answer, program, anchors, kinds, paper.index)

    return first_that_works(rng, _claims(paper), ask, tries=20)


def claim_of_tallest(context: Context, rng: Generator) -> Draft | None:
    """4: the value the text gives for whichever category is highest in a figure."""
    paper = one(rng, context.papers)

    def ask(item: tuple[str, Figure]) -> Draft | None:
        key, figure = item
        metric_key, code = key.split("/")
        values, claim = _shown(figure), paper.told(f"claim/{key}")
        category, series = _category(paper, figure, code), figure.chart.series[-1][0]
        others = [value for name, value in values.items() if name != category]
        if claim is None or not others or values[category] - max(others) < MARGIN * max(values.values()):
            return None
        names: list[Json] = list(values)
        bars: Json = {"op": "bars", "doc": paper.index, "figure": figure.label, "categories": names, "series": series}
        tallest: Json = {"op": "argmax", "names": names, "values": bars}
        program: Json = {"op": "lookup", "keys": [category], "values": [claim.program], "key": tallest}
        metric = paper.metric(metric_key)
        slots = {"metric": metric.name, "figure": figure.label, "period": series}
        answer = of_value(paper, paper.world.claims[key], metric.decimals, metric.unit)
        anchors = (*claim.anchors, *paper.anchored(_mark(figure, category), f"caption/{figure.key}"))
        kinds: frozenset[Kind] = frozenset({"figure", "text"})
        return Draft("chart_against_text", "claim_of_tallest", slots, answer, program, anchors, kinds, paper.index)

    return first_that_works(rng, _claims(paper), ask, tries=20)


def highest_figure(context: Context, rng: Generator) -> Draft | None:
    """5: which of the figures of one metric shows the highest value, and its caption."""
    paper = one(rng, context.papers)

    def ask(key: str) -> Draft | None:
        figures = [figure for name, figure in paper.written.figures.items() if name.startswith((f"figure-{key}-", f"trend-{key}-"))]
        pages = {paper.page(f"caption/{figure.key}") for figure in figures}
        if len(figures) < 2 or None in pages or len(pages) < len(figures):
            return None
        highest = [_highest(paper, figure) for figure in figures]
        peaks = [value for value, _ in highest]
        best, largest = figures[peaks.index(max(peaks))], max(peaks)
        if sum(largest - peak < MARGIN * largest for peak in peaks) > 1:
            return None
        values: list[Json] = [{"op": "max", "of": _marks(paper, figure)} for figure in figures]
        label: Json = {"op": "argmax", "names": [figure.label for figure in figures], "values": values}
        program: Json = [label, {"op": "caption", "doc": paper.index, "label": label}]
        answer = several((text(best.label), text(printed(best.caption))), ordered=True)
        places = ((mark, f"caption/{figure.key}") for figure, (_, mark) in zip(figures, highest, strict=True))
        anchors = paper.anchored(*(anchor for pair in places for anchor in pair))
        slots = {"metric": paper.metric(key).name}
        return Draft("multi_figure", "highest_figure", slots, answer, program, anchors, frozenset({"figure"}), paper.index, True)

    return first_that_works(rng, [metric.key for metric in paper.world.metrics if metric.key in paper.world.plotted], ask)


def _highest(paper: Paper, figure: Figure) -> tuple[Decimal, str]:
    """The highest value of a figure and the anchor of its bar or marker."""
    return max((_shown(figure, number)[name], _mark(figure, name, number)) for number, name in _visible(paper, figure))


def _marks(paper: Paper, figure: Figure) -> list[Json]:
    """Programs for every readable mark of a figure."""
    return [
        {"op": "bar", "doc": paper.index, "figure": figure.label, "category": category, "series": figure.chart.series[number][0]}
        for number, category in _visible(paper, figure)
    ]


def _visible(paper: Paper, figure: Figure) -> list[tuple[int, str]]:
    """(series, category) of every mark that none of a later series covers: whoever looks at the figure cannot read those."""
    count = len(figure.chart.series)
    return [
        (number, name)
        for number in range(count)
        for name in _shown(figure, number)
        if not any(_covers(paper, _mark(figure, name, later), _mark(figure, name, number)) for later in range(number + 1, count))
    ]


def _covers(paper: Paper, upper: str, lower: str) -> bool:
    """Whether one mark lies over too much of another."""
    (over,), (under,) = (paper.laid_out.places[anchor] for anchor in (upper, lower))
    (a0, b0, a1, b1), (x0, y0, x1, y1) = over.box_pt, under.box_pt
    shared = max(0.0, min(a1, x1) - max(a0, x0)) * max(0.0, min(b1, y1) - max(b0, y0))
    return over.page == under.page and shared > MAX_COVERED * (x1 - x0) * (y1 - y0)
