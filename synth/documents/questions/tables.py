"""Questions that join, compare and add cells of tables. One function a type; it gives a draft, or None where fitting facts are missing."""

from decimal import ROUND_HALF_UP, Decimal

from numpy.random import Generator

from schemas.sample import Json
from synth.documents.questions.choosing import first_that_works, one, shuffled
from synth.documents.questions.context import Context, Fact, Paper
from synth.documents.questions.draft import Answer, Draft, Kind, finding, number, several, text
from synth.documents.world import Entity, Metric

WRONG_TOTAL_SHARE = 0.6
"""Share of worlds in which a total is wrong (`synth.documents.sampling`)."""

COUNTED_CODES = 4
"""Codes whose rows are counted beside all rows of a table (chosen: fewer give the same numbers too often)."""

MAX_SUMMANDS = 40
"""More numbers than this are counted and not added (chosen: a sum of 40 is already L4 several times over)."""

RATIO = Decimal("0.01")
PER_CENT = Decimal("0.1")


def rounded(value: Decimal, step: Decimal) -> Decimal:
    """Rounded half up, as people and CLDR do."""
    return value.quantize(step, ROUND_HALF_UP)


def of_value(paper: Paper, value: Decimal, decimals: int, unit: str = "") -> Answer:
    """A number with exactly these decimals and its unit."""
    value = value.quantize(Decimal(1).scaleb(-decimals))
    return number(value, paper.quantity(value, decimals, unit))


def whole(paper: Paper, value: int) -> Answer:
    """A count."""
    return number(Decimal(value), paper.whole(value))


def _clean_periods(paper: Paper, metric: Metric, entity: Entity) -> list[str]:
    """Periods whose cell no amendment overrides."""
    return [period for period in paper.world.periods if not paper.amended(metric.key, entity.code, period)]


def lookup_join(context: Context, rng: Generator) -> Draft | None:
    """1: the name of an entity leads by the directory to its code, and the code to a value in another table."""
    paper = one(rng, context.papers)

    def ask(entity: Entity) -> Draft | None:
        metric = one(rng, paper.unscaled)
        periods = _clean_periods(paper, metric, entity)
        code = paper.code_of(entity)
        if not periods or code is None:
            return None
        period = one(rng, periods)
        cell = paper.cell(f"metric-{metric.key}", entity.code, period, row_text=code.program)
        if cell is None:
            return None
        value = paper.world.value(metric.key, entity.code, period)
        slots = {"metric": metric.name, "entity": entity.name, "period": period, "group": entity.group}
        answer = of_value(paper, value, metric.decimals, metric.unit)
        return Draft(
            "lookup_join", "lookup_join", slots, answer, cell.program, (*code.anchors, *cell.anchors), frozenset({"table"}), paper.index
        )

    return first_that_works(rng, paper.world.entities, ask)


def group_of_extreme(context: Context, rng: Generator) -> Draft | None:
    """1: the code with the highest value and the group it belongs to: a column's extreme, then the directory."""
    paper = one(rng, context.papers)

    def ask(metric: Metric) -> Draft | None:
        table = f"metric-{metric.key}"
        period = one(rng, paper.world.periods)
        if any(paper.amended(metric.key, entity.code, period) for entity in paper.world.entities):
            return None
        best = max(paper.world.entities, key=lambda entity: paper.world.value(metric.key, entity.code, period))
        codes, values = paper.column(table, "code", kind="text"), paper.column(table, period)
        code: Json = {"op": "argmax", "names": codes, "values": values}
        found = paper.cell("directory", best.code, "group", row_text=code, kind="text")
        if found is None or paper.page(f"cell/{table}/{best.code}/{period}") is None:
            return None
        anchors = (*paper.anchored(f"cell/{table}/{best.code}/{period}"), *found.anchors)
        slots = {"metric": metric.name, "period": period, "head": paper.words.group.head}
        program: Json = [code, found.program]
        answer = several((text(best.code), text(best.group)), ordered=True)
        return Draft("lookup_join", "group_of_extreme", slots, answer, program, anchors, frozenset({"table"}), paper.index, True)

    return first_that_works(rng, paper.tabulated, ask)


def two_table_ratio(context: Context, rng: Generator) -> Draft | None:
    """2: one metric divided by another, for one entity and period: two tables."""
    paper = one(rng, context.papers)

    def ask(entity: Entity) -> Draft | None:
        upper, lower = list(shuffled(rng, paper.unscaled))[:2]
        periods = [period for period in _clean_periods(paper, upper, entity) if period in _clean_periods(paper, lower, entity)]
        if not periods:
            return None
        period = one(rng, periods)
        a, b = (paper.world.value(metric.key, entity.code, period) for metric in (upper, lower))
        cells = [paper.cell(f"metric-{metric.key}", entity.code, period) for metric in (upper, lower)]
        if not b or a < b or None in cells:
            return None
        program: Json = {"op": "round", "of": {"op": "div", "args": [cell.program for cell in cells if cell]}, "decimals": 2}
        anchors = tuple(anchor for cell in cells if cell for anchor in cell.anchors)
        slots = {"metric": upper.name, "other": lower.name, "code": entity.code, "period": period}
        answer = of_value(paper, rounded(a / b, RATIO), 2)
        return Draft("two_table_arithmetic", "two_table_ratio", slots, answer, program, anchors, frozenset({"table"}), paper.index)

    return first_that_works(rng, paper.world.entities, ask) if len(paper.unscaled) > 1 else None


def growth_by_name(context: Context, rng: Generator) -> Draft | None:
    """2: growth in per cent between two periods, the entity named by its name and the table keyed by code."""
    paper = one(rng, context.papers)

    def ask(entity: Entity) -> Draft | None:
        metric, code = one(rng, paper.tabulated), paper.code_of(entity)
        periods = _clean_periods(paper, metric, entity)
        if len(periods) < 2 or code is None:
            return None
        first, second = (periods[index] for index in sorted(int(i) for i in rng.permutation(len(periods))[:2]))
        a, b = (paper.world.value(metric.key, entity.code, period) for period in (first, second))
        cells = [paper.cell(f"metric-{metric.key}", entity.code, period, row_text=code.program) for period in (first, second)]
        if a <= 0 or None in cells:
            return None
        program: Json = {"op": "round", "of": {"op": "growth", "args": [cell.program for cell in cells if cell]}, "decimals": 1}
        anchors = (*code.anchors, *(anchor for cell in cells if cell for anchor in cell.anchors))
        slots = {"metric": metric.name, "entity": entity.name, "period": first, "later": second}
        answer = of_value(paper, rounded((b - a) / a * 100, PER_CENT), 1, "%")
        return Draft("two_table_arithmetic", "growth", slots, answer, program, anchors, frozenset({"table"}), paper.index)

    return first_that_works(rng, paper.world.entities, ask)


def continued_count(context: Context, rng: Generator) -> Draft | None:
    """3: how many rows a table has over all its pages, and how many of them some codes have."""
    paper = one(rng, context.papers)
    rows = paper.world.orders
    anchors = [f"cell/ledger/{order.number}/number" for order in rows]
    if "ledger" not in paper.written.tables or len(paper.pages(anchors)) < 2:
        return None
    ends = _first_on_each_page(paper, anchors)
    codes = [entity.code for entity in shuffled(rng, paper.world.entities)][:COUNTED_CODES]
    columns = [
        paper.column("ledger", "number", kind="text"),
        *(paper.column("ledger", "number", kind="text", where="code", equals=code) for code in codes),
    ]
    program: Json = [{"op": "count", "of": column} for column in columns]
    slots = {
        "table": paper.written.tables["ledger"].label,
        "orders": paper.words.order.many,
        "codes": paper.wording.list_separator.join(codes),
    }
    counts = [len(rows), *(sum(order.entity == code for order in rows) for code in codes)]
    answer = several(tuple(whole(paper, count) for count in counts), ordered=True)
    return Draft(
        "continued_table", "continued_count", slots, answer, program, paper.anchored(*ends), frozenset({"table"}), paper.index, True
    )


def continued_total(context: Context, rng: Generator) -> Draft | None:
    """3: the total of one entity's rows in a table that runs over pages."""
    paper = one(rng, context.papers)
    if "ledger" not in paper.written.tables:
        return None

    def ask(entity: Entity) -> Draft | None:
        mine = [order for order in paper.world.orders if order.entity == entity.code]
        anchors = [f"cell/ledger/{order.number}/amount" for order in mine]
        if not 2 <= len(mine) <= MAX_SUMMANDS or len(paper.pages(anchors)) < 2 or any(paper.page(anchor) is None for anchor in anchors):
            return None
        program: Json = {"op": "sum", "of": paper.column("ledger", "amount", where="code", equals=entity.code)}
        amount = paper.words.order.amount
        total = sum((order.amount for order in mine), Decimal(0))
        slots = {
            "table": paper.written.tables["ledger"].label,
            "orders": paper.words.order.many,
            "amount": amount.name,
            "code": entity.code,
        }
        answer = of_value(paper, total, _places(mine[0].amount), amount.unit)
        return Draft(
            "continued_table", "continued_total", slots, answer, program, paper.anchored(*anchors), frozenset({"table"}), paper.index, True
        )

    return first_that_works(rng, paper.world.entities, ask, tries=20)


def _places(value: Decimal) -> int:
    return max(0, -int(value.as_tuple().exponent))


def _first_on_each_page(paper: Paper, anchors: list[str]) -> list[str]:
    """The first anchor on each page."""
    firsts: dict[int, str] = {}
    for anchor in anchors:
        page = paper.page(anchor)
        if page is not None:
            firsts.setdefault(page, anchor)
    return list(firsts.values())


def scaled_value(context: Context, rng: Generator) -> Draft | None:
    """9: a printed number times the scale that only the conventions page gives."""
    paper = one(rng, context.papers)
    scaled = [metric for metric in paper.tabulated if metric.scale > 1]

    def ask(metric: Metric) -> Draft | None:
        entity = one(rng, paper.world.entities)
        periods = _clean_periods(paper, metric, entity)
        scale = paper.told(f"scale/{metric.key}")
        if not periods or scale is None:
            return None
        period = one(rng, periods)
        cell = paper.cell(f"metric-{metric.key}", entity.code, period)
        if cell is None:
            return None
        value = paper.world.value(metric.key, entity.code, period) * metric.scale
        program: Json = {"op": "mul", "args": [cell.program, scale.program]}
        slots = {"metric": metric.name, "code": entity.code, "period": period, "unit": metric.unit}
        answer = of_value(paper, value, metric.decimals, metric.unit)
        kinds: frozenset[Kind] = frozenset({"table", "text"})
        return Draft("scale_note", "scaled_value", slots, answer, program, (*cell.anchors, *scale.anchors), kinds, paper.index)

    return first_that_works(rng, scaled, ask, tries=20) if scaled else None


def consistency(context: Context, rng: Generator) -> Draft | None:
    """14: whether a printed total agrees with the values it should sum up, and what these come to; one total may be wrong on purpose."""
    paper = one(rng, context.papers)
    world = paper.world
    keys = sorted(key for key in world.summary if paper.metric(key.split("/", 1)[0]).scale == 1)
    wrong = [key for key in keys if key == world.wrong_total]
    right = [key for key in keys if key != world.wrong_total]
    # Not all worlds have a wrong total: where there is one it is asked about more often, so that yes and no are right alike.
    wanted = wrong if wrong and rng.random() < 0.5 / WRONG_TOTAL_SHARE else right

    def ask(key: str) -> Draft | None:
        metric_key, group = key.split("/", 1)
        metric, period, members = paper.metric(metric_key), world.periods[-1], paper.members(group)
        table = f"metric-{metric_key}"
        if table not in paper.written.tables or any(paper.amended(metric_key, entity.code, period) for entity in members):
            return None
        total = paper.cell("summary", group, metric_key, row_text=group)
        detail = [f"cell/{table}/{entity.code}/{period}" for entity in members]
        codes = [f"cell/directory/{entity.code}/group" for entity in members]
        if total is None or any(paper.page(anchor) is None for anchor in (*detail, *codes)):
            return None
        in_group = paper.column("directory", "code", kind="text", where="group", equals=group)
        added: Json = {"op": "sum", "of": paper.cells(table, period, rows=in_group)}
        real = sum((world.value(metric_key, entity.code, period) for entity in members), Decimal(0))
        answer = finding(world.summary[key] == real, of_value(paper, real, metric.decimals, metric.unit))
        program: Json = [{"op": "compare", "relation": "eq", "left": total.program, "right": added}, added]
        anchors = (*total.anchors, *paper.anchored(*detail, *codes))
        slots = {"metric": metric.name, "group": group, "period": period, "table": paper.written.tables["summary"].label}
        return Draft("consistency", "consistency", slots, answer, program, anchors, frozenset({"table"}), paper.index, True)

    return first_that_works(rng, wanted, ask) if wanted else None


def constraint_search(context: Context, rng: Generator) -> Draft | None:
    """15: the one entity that meets three limits stated in three places."""
    paper = one(rng, context.papers)
    world = paper.world
    limits = [(limit, paper.told(f"limit/{limit.attribute}")) for limit in world.limits]
    if "specs" not in paper.written.tables or not limits or any(fact is None for _, fact in limits):
        return None
    passing = [
        entity
        for entity in world.entities
        if all(
            (world.specs[f"{limit.attribute}/{entity.code}"] >= limit.value) == (limit.kind == "min")
            or world.specs[f"{limit.attribute}/{entity.code}"] == limit.value
            for limit in world.limits
        )
    ]
    if len(passing) != 1:
        return None
    winner = passing[0]
    program: Json = None
    anchors: list[str] = []
    for limit, fact in limits:
        test: Json = {
            "op": "filter",
            "names": paper.column("specs", "code", kind="text"),
            "values": paper.column("specs", limit.attribute),
            "relation": "ge" if limit.kind == "min" else "le",
            "to": fact.program if fact else None,
        }
        program = test if program is None else {"op": "intersect", "left": program, "right": test}
        anchors.append(f"cell/specs/{winner.code}/{limit.attribute}")
    if any(paper.page(anchor) is None for anchor in anchors):
        return None
    places = (*(anchor for _, fact in limits if fact for anchor in fact.anchors), *paper.anchored(*anchors))
    names = paper.wording.list_separator.join(paper.attribute(limit.attribute).name for limit in world.limits)
    slots = {"entity": paper.words.entity.one, "attributes": names, "table": paper.written.tables["specs"].label}
    only: Json = {"op": "only", "of": program}
    kinds: frozenset[Kind] = frozenset({"table", "text"})
    return Draft("constraint_search", "constraint_search", slots, text(winner.code), only, places, kinds, paper.index, True)


def room_path(context: Context, rng: Generator) -> Draft | None:
    """16: from an entity to the person in charge, to that person's superior, to the superior's room: three tables."""
    paper = one(rng, context.papers)
    people = {person.key: person for person in paper.world.people}

    def ask(entity: Entity) -> Draft | None:
        manager = people[entity.manager]
        if not manager.reports_to:
            return None
        superior = people[manager.reports_to]
        first = paper.cell("duties", entity.code, "manager", row_text=entity.name, kind="text")
        second = first and paper.cell("organisation", manager.key, "reports_to", row_text=first.program, kind="text")
        third = second and paper.cell("rooms", superior.key, "room", row_text=second.program, kind="text")
        if not (first and second and third):
            return None
        anchors = (*first.anchors, *second.anchors, *third.anchors)
        slots = {"entity": entity.name}
        return Draft("multi_hop_path", "room_path", slots, text(superior.room), third.program, anchors, frozenset({"table"}), paper.index)

    return first_that_works(rng, paper.world.entities, ask)


def conditional_total(context: Context, rng: Generator) -> Draft | None:
    """17: the total, or the number, of ledger rows of all entities of a group: the directory says which, the ledger runs over pages."""
    paper = one(rng, context.papers)
    if "ledger" not in paper.written.tables:
        return None

    def ask(group: str) -> Draft | None:
        codes = {entity.code for entity in paper.members(group)}
        mine = [order for order in paper.world.orders if order.entity in codes]
        used = [f"cell/directory/{code}/group" for code in sorted({order.entity for order in mine})]
        anchors = [f"cell/ledger/{order.number}/amount" for order in mine]
        if not mine or any(paper.page(anchor) is None for anchor in (*used, *anchors)):
            return None
        in_group = paper.column("directory", "code", kind="text", where="group", equals=group)
        values = paper.column("ledger", "amount", where="code", equals=in_group)
        amount, adds = paper.words.order.amount, len(mine) <= MAX_SUMMANDS
        program: Json = {"op": "sum" if adds else "count", "of": values}
        total = sum((order.amount for order in mine), Decimal(0))
        answer = of_value(paper, total, _places(mine[0].amount), amount.unit) if adds else whole(paper, len(mine))
        slots = {"group": group, "orders": paper.words.order.many, "amount": amount.name}
        wording = "conditional_total" if adds else "conditional_count"
        places = paper.anchored(*used, *anchors)
        return Draft("conditional_aggregation", wording, slots, answer, program, places, frozenset({"table"}), paper.index, True)

    return first_that_works(rng, paper.world.groups, ask)


def two_documents(context: Context, rng: Generator) -> Draft | None:
    """19: the difference between the same entity's values in two documents."""
    if len(context.papers) < 2:
        return None
    first, second = context.papers[:2]

    def ask(entity: Entity) -> Draft | None:
        metric = one(rng, first.unscaled)
        cells: list[Fact] = []
        values, periods = [], []
        for paper in (first, second):
            clean = _clean_periods(paper, metric, entity)
            if not clean or metric.key not in {item.key for item in paper.unscaled}:
                return None
            period = one(rng, clean)
            cell = paper.cell(f"metric-{metric.key}", entity.code, period)
            if cell is None:
                return None
            cells.append(cell)
            values.append(paper.world.value(metric.key, entity.code, period))
            periods.append(period)
        program: Json = {"op": "abs", "of": {"op": "sub", "args": [cell.program for cell in cells]}}
        answer = of_value(first, abs(values[0] - values[1]), metric.decimals, metric.unit)
        slots = {"metric": metric.name, "code": entity.code, "period": periods[0], "later": periods[1]}
        anchors = tuple(anchor for cell in cells for anchor in cell.anchors)
        return Draft("two_documents", "two_documents", slots, answer, program, anchors, frozenset({"table"}), None)

    return first_that_works(rng, first.world.entities, ask)
