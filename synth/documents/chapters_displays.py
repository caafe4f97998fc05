"""Writes the tables, figures and lists of a document as blocks, with an anchor on every cell.

Keys of blocks and columns are those of the world, so that a fact is found without looking at words:

    summary             rows: group as printed            columns: group, metric keys
    directory           rows: entity code                 columns: code, name, group, since
    metric-<m>          rows: entity code                 columns: code, periods as printed
    specs               rows: entity code                 columns: code, attribute keys
    duties              rows: entity code (not printed)   columns: name, manager
    organisation        rows: person key (not printed)    columns: name, role, reports_to
    ledger              rows: order number                columns: number, code, date, amount
    rooms               rows: person key (not printed)    columns: name, room
    figure-<m>-<group number>   categories: entity codes or names; series: the last one or two periods
    trend-<m>-<group number>    categories: periods; series: names of two or three entities
    listing-<name>      items: entity codes in the order of the world
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from synth.documents.blocks import Block, Cell, Chart, Figure, Listing, Table, Text
from synth.documents.chapters_plan import Display
from synth.documents.chapters_prose import Pen
from synth.documents.draw import chance, choose, pick, shuffled
from synth.documents.formats import capitalise
from synth.documents.world import Attribute, Entity, Metric, World

_WIDE: Final = 6
"""Columns from which a table's heads may be turned."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: key, printed head, and whether it holds numbers."""

    key: str
    head: str
    numeric: bool = False


def write_display(display: Display, label: str, pen: Pen) -> Block:
    """The block of one display."""
    if display.kind == "figure":
        return _bars(display, label, pen)
    if display.kind == "trend":
        return _trend(display, label, pen)
    if display.kind == "listing":
        codes = pen.world.lists[display.detail]
        return Listing(display.key, tuple((Text(code, f"item/{display.detail}/{at + 1}"),) for at, code in enumerate(codes)))
    writer: dict[str, Callable[[str, Pen, str], Table]] = {
        "summary": _summary,
        "directory": _directory,
        "metric": _metric,
        "specs": _specs,
        "duties": _duties,
        "organisation": _organisation,
        "ledger": _ledger,
    }
    return writer[display.kind](label, pen, display.detail)


def metric_of(world: World, key: str) -> Metric:
    """The metric with a key."""
    return next(metric for metric in world.metrics if metric.key == key)


def quantity_head(pen: Pen, thing: Metric | Attribute) -> str:
    """`Energy consumption (MWh)`."""
    return capitalise(pen.wording.labels.quantity_head.format(name=thing.name, unit=thing.unit))


def caption_slots(pen: Pen, metric: Metric | None = None, group: str = "") -> dict[str, str]:
    """What caption and heading patterns may ask for."""
    words, world = pen.words, pen.world
    return {
        "entity": words.entity.one,
        "entities": words.entity.many,
        "orders": words.order.many,
        "period": world.periods[-1],
        "group": group or words.group.one,
        "metric": metric.name if metric else "",
        "unit": metric.unit if metric else "",
    }


def _summary(label: str, pen: Pen, _: str) -> Table:
    world = pen.world
    metrics = [metric for metric in world.metrics if f"{metric.key}/{world.groups[0]}" in world.summary]
    columns = [_Column("group", pen.words.group.head), *(_Column(metric.key, quantity_head(pen, metric), True) for metric in metrics)]
    rows = [
        (group, [group, *(pen.number(world.summary[f"{metric.key}/{group}"], metric.decimals) for metric in metrics)])
        for group in world.groups
    ]
    return _table("summary", label, pen, pen.wording.captions.summary, caption_slots(pen), columns, rows)


def _directory(label: str, pen: Pen, _: str) -> Table:
    labels, words = pen.wording.labels, pen.words
    columns = [
        _Column("code", labels.code),
        _Column("name", words.entity.head),
        _Column("group", words.group.head),
        _Column("since", labels.since),
    ]
    rows = [(e.code, [e.code, e.name, e.group, pen.date(e.since, "medium")]) for e in pen.world.entities]
    columns, rows = _in_any_order(columns, rows, pen)
    return _table("directory", label, pen, pen.wording.captions.directory, caption_slots(pen), columns, rows)


def _metric(label: str, pen: Pen, key: str) -> Table:
    world, metric = pen.world, metric_of(pen.world, key)
    columns = [_Column("code", pen.wording.labels.code), *(_Column(period, period, True) for period in world.periods)]
    rows = [
        (e.code, [e.code, *(pen.number(world.value(key, e.code, period), metric.decimals) for period in world.periods)])
        for e in world.entities
    ]
    over = pick(pen.rng, (quantity_head(pen, metric), pen.wording.labels.period)) if chance(pen.rng, 0.35) else ""
    slots = caption_slots(pen, metric)
    return _table(f"metric-{key}", label, pen, pen.wording.captions.metric, slots, columns, rows, over=over, noted=True)


def _specs(label: str, pen: Pen, _: str) -> Table:
    world = pen.world
    columns = [_Column("code", pen.wording.labels.code), *(_Column(a.key, quantity_head(pen, a), True) for a in world.attributes)]
    rows = [
        (e.code, [e.code, *(pen.number(world.specs[f"{a.key}/{e.code}"], a.decimals) for a in world.attributes)]) for e in world.entities
    ]
    return _table("specs", label, pen, pen.wording.captions.specs, caption_slots(pen), columns, rows)


def _duties(label: str, pen: Pen, _: str) -> Table:
    names = {person.key: person.name for person in pen.world.people}
    columns = [_Column("name", pen.words.entity.head), _Column("manager", pen.words.roles.managers[0])]
    rows = [(e.code, [e.name, names[e.manager]]) for e in sorted(pen.world.entities, key=lambda entity: entity.name)]
    return _table("duties", label, pen, pen.wording.captions.duties, caption_slots(pen), columns, rows)


def _organisation(label: str, pen: Pen, _: str) -> Table:
    labels, names = pen.wording.labels, {person.key: person.name for person in pen.world.people}
    columns = [_Column("name", labels.person), _Column("role", labels.role), _Column("reports_to", labels.reports_to)]
    rows = [(p.key, [p.name, p.role, names.get(p.reports_to, labels.none)]) for p in pen.world.people]
    return _table("organisation", label, pen, pen.wording.captions.organisation, caption_slots(pen), columns, rows)


def _ledger(label: str, pen: Pen, _: str) -> Table:
    labels, amount, decimals = pen.wording.labels, pen.words.order.amount, -int(pen.world.orders[0].amount.as_tuple().exponent)
    head = capitalise(labels.quantity_head.format(name=amount.name, unit=amount.unit))
    columns = [_Column("number", labels.number), _Column("code", labels.code), _Column("date", labels.date), _Column("amount", head, True)]
    rows = [(o.number, [o.number, o.entity, pen.date(o.date, "medium"), pen.number(o.amount, decimals)]) for o in pen.world.orders]
    columns, rows = _in_any_order(columns, rows, pen)
    return _table("ledger", label, pen, pen.wording.captions.ledger, caption_slots(pen), columns, rows)


def _in_any_order(
    columns: Sequence[_Column], rows: Sequence[tuple[str, list[str]]], pen: Pen
) -> tuple[list[_Column], list[tuple[str, list[str]]]]:
    """The columns after the first one in an order that is drawn: long tables of different documents must not look alike."""
    order = [0, *shuffled(pen.rng, range(1, len(columns)))]
    return [columns[at] for at in order], [(key, [texts[at] for at in order]) for key, texts in rows]


def write_rooms(label: str, pen: Pen) -> Table:
    """The list of rooms, which the back matter prints."""
    labels = pen.wording.labels
    columns = [_Column("name", labels.person), _Column("room", labels.room)]
    rows = [(p.key, [p.name, p.room]) for p in sorted(pen.world.people, key=lambda person: person.name)]
    return _table("rooms", label, pen, pen.wording.captions.rooms, caption_slots(pen), columns, rows)


def _table(
    key: str,
    label: str,
    pen: Pen,
    captions: Sequence[str],
    slots: dict[str, str],
    columns: Sequence[_Column],
    rows: Sequence[tuple[str, list[str]]],
    *,
    over: str = "",
    noted: bool = False,
) -> Table:
    """A table; `over` is a second head row that spans all columns but the first, and `noted` says that the notes on figures hold."""
    caption = capitalise(pick(pen.rng, captions).format(**slots))
    head = tuple(Cell((Text(c.head, f"head/{key}/{c.key}"),), "figures" if c.numeric else "start", bold=True) for c in columns)
    spanning = (Cell(()), Cell((Text(over),), "center", bold=True, colspan=len(columns) - 1))
    body = tuple(
        tuple(
            Cell((Text(text, f"cell/{key}/{row}/{c.key}"),), "figures" if c.numeric else "start")
            for c, text in zip(columns, texts, strict=True)
        )
        for row, texts in rows
    )
    note = pick(pen.rng, pen.wording.table_notes) if noted and chance(pen.rng, 0.6) else ""
    return Table(
        key,
        label,
        (Text(caption, f"caption/{key}"),),
        (spanning, head) if over else (head,),
        body,
        note=(Text(f"{pen.wording.labels.note}{pen.wording.sentence_space}{note}", f"note/{key}"),) if note else (),
        rotated_head=len(columns) >= _WIDE and chance(pen.rng, 0.3),
    )


def _bars(display: Display, label: str, pen: Pen) -> Figure:
    """Bars of one metric for the entities of one group, for the last period or the last two."""
    world = pen.world
    metric, group, members = _figure_subject(display, world)
    horizontal = chance(pen.rng, 0.4)
    periods = world.periods[-2:] if chance(pen.rng, 0.35) and len(members) <= 8 else world.periods[-1:]
    name_of: Callable[[Entity], str] = (lambda entity: entity.name) if horizontal else (lambda entity: entity.code)
    chart = Chart(
        kind="barh" if horizontal else "bar",
        categories=tuple(name_of(entity) for entity in members),
        series=tuple((period, tuple(world.value(metric.key, entity.code, period) for entity in members)) for period in periods),
        axis_title=quantity_head(pen, metric),
        masked=tuple(name_of(entity) for entity in members if f"{metric.key}/{entity.code}" in world.masked),
        hidden=pen.wording.labels.hidden,
    )
    return _figure(display, label, pen, pen.wording.captions.figure, metric, group, chart, period=" – ".join(periods))


def _trend(display: Display, label: str, pen: Pen) -> Figure:
    """Lines of one metric over all periods for two or three entities of one group."""
    world = pen.world
    metric, group, members = _figure_subject(display, world)
    shown = choose(pen.rng, members, min(len(members), 2 + int(chance(pen.rng, 0.5))))
    series: tuple[tuple[str, tuple[Decimal, ...]], ...] = tuple(
        (entity.name, tuple(world.value(metric.key, entity.code, period) for period in world.periods)) for entity in shown
    )
    chart = Chart("line", world.periods, series, quantity_head(pen, metric))
    return _figure(display, label, pen, pen.wording.captions.trend, metric, group, chart)


def _figure_subject(display: Display, world: World) -> tuple[Metric, str, list[Entity]]:
    key, number = display.detail.split("-")
    group = world.groups[int(number)]
    return metric_of(world, key), group, [entity for entity in world.entities if entity.group == group]


def _figure(
    display: Display, label: str, pen: Pen, captions: Sequence[str], metric: Metric, group: str, chart: Chart, *, period: str = ""
) -> Figure:
    slots = caption_slots(pen, metric, group) | ({"period": period} if period else {})
    caption = capitalise(pick(pen.rng, captions).format(**slots))
    return Figure(display.key, label, (Text(caption, f"caption/{display.key}"),), chart)
