"""The operators of proof programs: arithmetic, order, sets and conditions over values already found. One small function an operator.

Every operator takes the values of its named arguments and returns a value or raises ProofError; none reads a document.
"""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeAlias

from synth.documents.proof_values import Measured, ProofError, Value, as_number, as_sequence, as_text, compare, folded, same

Arguments: TypeAlias = Mapping[str, Value]


def _args(given: Arguments) -> tuple[Value, ...]:
    return as_sequence(given["args"])


def _numbers(given: Arguments) -> tuple[Decimal, ...]:
    return tuple(as_number(item) for item in _args(given))


def _pair(given: Arguments) -> tuple[Decimal, Decimal]:
    numbers = _numbers(given)
    if len(numbers) != 2:
        raise ProofError("bad_program", f"two arguments wanted, not {len(numbers)}")
    return numbers[0], numbers[1]


def _add(given: Arguments) -> Value:
    return sum(_numbers(given), Decimal(0))


def _sub(given: Arguments) -> Value:
    a, b = _pair(given)
    return a - b


def _mul(given: Arguments) -> Value:
    product = Decimal(1)
    for number in _numbers(given):
        product *= number
    return product


def _div(given: Arguments) -> Value:
    a, b = _pair(given)
    if not b:
        raise ProofError("division_by_zero", f"{a} / {b}")
    return a / b


def _growth(given: Arguments) -> Value:
    """Change from the first to the second argument in per cent of the first."""
    a, b = _pair(given)
    if not a:
        raise ProofError("division_by_zero", f"growth from {a} to {b}")
    return (b - a) / a * 100


def _abs(given: Arguments) -> Value:
    return abs(as_number(given["of"]))


def _round(given: Arguments) -> Value:
    """`of` rounded half up to `decimals` places, as CLDR's formatting and commercial rounding do."""
    return as_number(given["of"]).quantize(Decimal(1).scaleb(-int(as_number(given["decimals"]))), ROUND_HALF_UP)


def _items(given: Arguments) -> tuple[Value, ...]:
    items = as_sequence(given["of"])
    if not items:
        raise ProofError("empty", "nothing to choose from")
    return items


def _sum(given: Arguments) -> Value:
    return sum((as_number(item) for item in _items(given)), Decimal(0))


def _mean(given: Arguments) -> Value:
    items = _items(given)
    return sum((as_number(item) for item in items), Decimal(0)) / len(items)


def _count(given: Arguments) -> Value:
    return Decimal(len(as_sequence(given["of"])))


def _extreme(sign: int) -> Callable[[Arguments], Value]:
    def extreme(given: Arguments) -> Value:
        """The greatest or least item; of measured ones the one that measured so, since two near each other give nearly the same extreme."""
        items = _items(given)
        measured = [item for item in items if isinstance(item, Measured)]
        if len(measured) == len(items):
            return max(measured, key=lambda item: item.value * sign)
        best = items[0]
        for item in items[1:]:
            best = item if compare(item, best) * sign > 0 else best
        return best

    return extreme


def _named(given: Arguments) -> tuple[tuple[Value, ...], tuple[Value, ...]]:
    names, values = as_sequence(given["names"]), as_sequence(given["values"])
    if len(names) != len(values) or not names:
        raise ProofError("uneven", f"{len(names)} names for {len(values)} values")
    return names, values


def _arg_extreme(sign: int) -> Callable[[Arguments], Value]:
    def arg_extreme(given: Arguments) -> Value:
        """The name whose value is beyond all others; a tie has no answer."""
        names, values = _named(given)
        best = values.index(_extreme(sign)({"of": values}))
        if any(compare(values[best], other) * sign <= 0 for number, other in enumerate(values) if number != best):
            raise ProofError("tie", f"no single extreme among {values!r}")
        return names[best]

    return arg_extreme


def _sort_by(given: Arguments) -> Value:
    """`names` in ascending order of `values` (dates, numbers); ties have no order."""
    names, values = _named(given)
    ranks = [sum(compare(value, other) > 0 for other in values) for value in values]
    if len(set(ranks)) != len(ranks):
        raise ProofError("tie", f"equal values among {values!r}")
    return tuple(names[ranks.index(rank)] for rank in range(len(ranks)))


def _nth(given: Arguments) -> Value:
    items, index = as_sequence(given["of"]), int(as_number(given["index"]))
    if not -len(items) <= index < len(items):
        raise ProofError("missing", f"item {index} of {len(items)}")
    return items[index]


def _first(given: Arguments) -> Value:
    return _items(given)[0]


def _last(given: Arguments) -> Value:
    return _items(given)[-1]


def _latest(given: Arguments) -> Value:
    """The value with the latest date: what is in force after amendments."""
    return as_sequence(_sort_by(given))[-1]


def _has(items: tuple[Value, ...], wanted: Value) -> bool:
    return any(same(item, wanted) for item in items)


def _setdiff(given: Arguments) -> Value:
    left, right = as_sequence(given["left"]), as_sequence(given["right"])
    return tuple(item for item in left if not _has(right, item))


def _intersect(given: Arguments) -> Value:
    left, right = as_sequence(given["left"]), as_sequence(given["right"])
    return tuple(item for item in left if _has(right, item))


def _union(given: Arguments) -> Value:
    left, right = as_sequence(given["left"]), as_sequence(given["right"])
    return (*left, *(item for item in right if not _has(left, item)))


def _holds(relation: str, a: Value, b: Value) -> bool:
    if relation in ("eq", "ne"):
        equal = compare(a, b) == 0
        return equal if relation == "eq" else not equal
    sign = compare(a, b)
    table = {"lt": sign < 0, "le": sign <= 0, "gt": sign > 0, "ge": sign >= 0}
    if relation not in table:
        raise ProofError("bad_program", f"no relation {relation!r}; there are eq, ne, lt, le, gt, ge")
    return table[relation]


def _filter(given: Arguments) -> Value:
    """The names whose value stands in `relation` to `to`, one bound for all or one each."""
    names, values = _named(given)
    to = given["to"]
    bounds = to if isinstance(to, tuple) else (to,) * len(values)
    if len(bounds) != len(values):
        raise ProofError("uneven", f"{len(bounds)} bounds for {len(values)} values")
    relation = as_text(given["relation"])
    return tuple(name for name, value, bound in zip(names, values, bounds, strict=True) if _holds(relation, value, bound))


def _compare(given: Arguments) -> Value:
    return _holds(as_text(given["relation"]), given["left"], given["right"])


def _only(given: Arguments) -> Value:
    """The single item of a list."""
    items = as_sequence(given["of"])
    if len(items) != 1:
        raise ProofError("not_single", f"{len(items)} items where one is wanted: {items!r}")
    return items[0]


def _lookup(given: Arguments) -> Value:
    """The value beside the one key that equals `key`."""
    keys, values = as_sequence(given["keys"]), as_sequence(given["values"])
    if len(keys) != len(values):
        raise ProofError("uneven", f"{len(keys)} keys for {len(values)} values")
    hits = [value for key, value in zip(keys, values, strict=True) if same(key, given["key"])]
    if len(hits) != 1:
        raise ProofError("missing" if not hits else "ambiguous", f"{len(hits)} entries for {given['key']!r}")
    return hits[0]


def _contains(given: Arguments) -> Value:
    """Whether a text holds another, or a list an item."""
    of, item = given["of"], given["item"]
    return _has(of, item) if isinstance(of, tuple) else folded(as_text(item)) in folded(as_text(of))


def _not(given: Arguments) -> Value:
    of = given["of"]
    if not isinstance(of, bool):
        raise ProofError("not_a_bool", repr(of))
    return not of


def _days(given: Arguments) -> Value:
    """Days from the earlier to the later of two dates."""
    dates = _args(given)
    if len(dates) != 2 or not all(isinstance(item, date) for item in dates):
        raise ProofError("not_a_date", repr(dates))
    first, second = dates
    return Decimal(abs((second - first).days))  # type: ignore[union-attr, operator]


def _concat(given: Arguments) -> Value:
    """Texts joined without anything between them."""
    return "".join(as_text(item) for item in _args(given))


def _amended(given: Arguments) -> Value:
    """What an amendment puts in place of a printed value; the printed value must exist and differ, else nothing was amended."""
    if same(given["printed"], given["entry"]):
        raise ProofError("not_amended", f"{given['printed']!r} is printed and is the entry of the amendment")
    return given["entry"]


OPERATORS: dict[str, Callable[[Arguments], Value]] = {
    "add": _add, "sub": _sub, "mul": _mul, "div": _div, "growth": _growth, "abs": _abs, "round": _round,
    "sum": _sum, "mean": _mean, "count": _count, "max": _extreme(1), "min": _extreme(-1),
    "argmax": _arg_extreme(1), "argmin": _arg_extreme(-1), "sort_by": _sort_by, "sort_by_date": _sort_by, "latest": _latest,
    "nth": _nth, "first": _first, "last": _last, "only": _only, "lookup": _lookup,
    "setdiff": _setdiff, "intersect": _intersect, "union": _union, "filter": _filter,
    "days": _days, "concat": _concat, "amended": _amended, "compare": _compare, "contains": _contains, "not": _not,
}  # fmt: skip
"""Operator name -> function of its evaluated arguments."""
