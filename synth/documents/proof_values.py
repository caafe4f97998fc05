"""What proof programs compute with: values, the error that says why there is none, and the comparison with a stored answer.

Numbers are decimals as printed, dates are dates, page numbers are numbers (1-based PDF index), texts are as printed. A value measured from
pixels carries its uncertainty; the absence of an answer, once proved, is a value too. Nothing here reads documents.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

from schemas.errors import AssayError
from schemas.sample import Json
from synth.documents.reading import squeeze
from synth.documents.reading_values import plain_digits


class ProofError(AssayError):
    """A program has no value: what it looks for is missing, ambiguous or unreadable. `reason` is a stable name, `detail` says what and
    where.
    """

    def __init__(self, reason: str, detail: str) -> None:
        self.reason, self.detail = reason, detail
        super().__init__(f"{reason}: {detail}")


@dataclass(frozen=True, slots=True)
class Measured:
    """A number read from pixels, right within `tolerance` (both in printed units of the axis)."""

    value: Decimal
    tolerance: Decimal


@dataclass(frozen=True, slots=True)
class Unstated:
    """The proved absence of an answer."""


Value: TypeAlias = "Decimal | date | str | bool | Measured | Unstated | tuple[Value, ...]"


def folded(text: str) -> str:
    """Text for comparison: no white space, ASCII digits, case folded."""
    return plain_digits(squeeze(text)).casefold()


def as_number(value: Value) -> Decimal:
    """The value as an exact number.

    Raises:
        ProofError: `not_a_number`.
    """
    if isinstance(value, Decimal):
        return value
    raise ProofError("not_a_number", repr(value))


def as_text(value: Value) -> str:
    """The value as text."""
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return str(int(value))
    raise ProofError("not_a_text", repr(value))


def as_sequence(value: Value) -> tuple[Value, ...]:
    """The value as a sequence."""
    if isinstance(value, tuple):
        return value
    raise ProofError("not_a_list", repr(value))


def compare(a: Value, b: Value) -> int:
    """-1, 0 or 1 as a is below, equal to or above b.

    Raises:
        ProofError: `undecided` when a measured value is too near to tell, `not_comparable` for values of different kinds.
    """
    if isinstance(a, Measured) or isinstance(b, Measured):
        return _compare_measured(a, b)
    if isinstance(a, Decimal) and isinstance(b, Decimal):
        return (a > b) - (a < b)
    if isinstance(a, date) and isinstance(b, date):
        return (a > b) - (a < b)
    if isinstance(a, str) and isinstance(b, str):
        return (folded(a) > folded(b)) - (folded(a) < folded(b))
    raise ProofError("not_comparable", f"{a!r} with {b!r}")


def _compare_measured(a: Value, b: Value) -> int:
    left = a if isinstance(a, Measured) else Measured(as_number(a), Decimal(0))
    right = b if isinstance(b, Measured) else Measured(as_number(b), Decimal(0))
    gap, slack = left.value - right.value, left.tolerance + right.tolerance
    if abs(gap) > 2 * slack:
        return 1 if gap > 0 else -1
    exact = isinstance(a, Decimal) or isinstance(b, Decimal)
    if exact and abs(gap) <= slack:
        return 0
    raise ProofError("undecided", f"{left.value} and {right.value} differ by less than twice the tolerance {slack}")


def same(a: Value, b: Value) -> bool:
    """Whether two values are equal; values of different kinds are not."""
    if isinstance(a, tuple) or isinstance(b, tuple):
        return isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, (bool, Unstated)) or isinstance(b, (bool, Unstated)):
        return type(a) is type(b) and a == b
    try:
        return compare(a, b) == 0
    except ProofError:
        return False


def stored_value(answer: Json) -> tuple[Value, bool]:
    """The value of a stored answer and whether the order of its items counts.

    A stored answer is {"type": t, "value": v} with t one of number (v a decimal text), date (ISO text), text, bool, list (v a list of such
    objects, `ordered` beside it) and none (v null, the question has no answer).

    Raises:
        ProofError: `bad_answer`.
    """
    if not isinstance(answer, dict):
        raise ProofError("bad_answer", f"{answer!r} is not an object with type and value")
    kind, value = answer.get("type"), answer.get("value")
    if kind in ("number", "date") and isinstance(value, str):
        return _parsed(kind, value), True
    if kind == "text" and isinstance(value, str):
        return value, True
    if kind == "bool" and isinstance(value, bool):
        return value, True
    if kind == "none" and value is None:
        return Unstated(), True
    if kind == "list" and isinstance(value, list):
        return tuple(stored_value(item)[0] for item in value), bool(answer.get("ordered"))
    raise ProofError("bad_answer", f"{answer!r} is none of number, date, text, bool, list, none")


def _parsed(kind: str, value: str) -> Value:
    try:
        return Decimal(value) if kind == "number" else date.fromisoformat(value)
    except (InvalidOperation, ValueError) as error:
        raise ProofError("bad_answer", f"{value!r} is no {kind}") from error


def same_answer(value: Value, answer: Json) -> bool:
    """Whether a program's value is the stored answer. Numbers are equal exactly (programs round to the printed precision themselves), a
    measured value equals any number within its tolerance, and lists without order are equal as multisets.
    """
    expected, ordered = stored_value(answer)
    if isinstance(value, tuple) and isinstance(expected, tuple) and not ordered:
        return same(_sorted(value), _sorted(expected))
    return same(value, expected)


def _sorted(values: Sequence[Value]) -> tuple[Value, ...]:
    return tuple(sorted(values, key=lambda item: (type(item).__name__, folded(item) if isinstance(item, str) else "", _rank(item))))


def _rank(item: Value) -> Decimal:
    if isinstance(item, Decimal):
        return item
    return Decimal(item.toordinal()) if isinstance(item, date) else Decimal(0)
