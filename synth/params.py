"""What families check of their parameters before anything is made: each mistake with the value, what is allowed and the nearest of that.

A family calls `refuse` in `__post_init__` with what `within` and `among` found. Nothing here knows a family.
"""

from collections.abc import Iterable, Sequence

from schemas.errors import UserError, all_mistakes, nearest

Mistakes = Iterable[UserError]

QUESTIONS = (1, 20)
"""Questions a conversation (chosen: as many as there are types, and their text fits what is kept free of pages)."""
DPI = (36, 600)
"""Resolutions (chosen: coarser, no letter can be read; finer, one page is 30 megapixels)."""


def refuse(*checks: Mistakes) -> None:
    """Raise all that the checks found as one `UserError`; nothing if they found nothing."""
    if mistakes := [mistake for check in checks for mistake in check]:
        raise all_mistakes(mistakes)


def within(name: str, value: float | Sequence[float], low: float, high: float | None = None, *, why: str = "") -> Mistakes:
    """A mistake for each number that is not from `low` to `high`; a list must not be empty.

    Args:
        name: The parameter.
        value: Its number, or its numbers.
        low: The least allowed.
        high: The most allowed; None if there is none.
        why: What the bounds come from, put after them.
    """
    values = [("", value)] if isinstance(value, int | float) else [(f".{place}", item) for place, item in enumerate(value)]
    allowed = f"{low} or more" if high is None else f"{low} to {high}"
    if not values:
        yield _empty(name, f"numbers from {allowed}")
    for place, number in values:
        if not low <= number or (high is not None and not number <= high):  # this way round NaN is refused too
            what = f"{name} is {number}" if not place else f"{name} holds {number}"
            yield UserError(what, where=f"params.{name}{place}", todo=f"give {allowed}{why and f': {why}'}")


def among(name: str, values: Sequence[str], known: Sequence[str], *, may_be_empty: bool = False) -> Mistakes:
    """A mistake for each value that nobody knows, and for none at all."""
    if not values and not may_be_empty:
        yield _empty(name, ", ".join(known))
    for place, value in enumerate(values):
        if value not in known:
            todo = f"{nearest(value, known)}known {name}: {', '.join(known)}"
            yield UserError(f"{name} holds {value!r}, which is not known", where=f"params.{name}.{place}", todo=todo)


def resolution(min_dpi: int, max_dpi: int) -> Mistakes:
    """Mistakes in the pair of resolutions that every family of pages has."""
    yield from within("min_dpi", min_dpi, *DPI)
    yield from within("max_dpi", max_dpi, *DPI)
    if min_dpi > max_dpi:
        yield UserError(f"min_dpi is {min_dpi}, more than max_dpi, which is {max_dpi}", where="params.min_dpi", todo="exchange them")


def _empty(name: str, allowed: str) -> UserError:
    return UserError(f"{name} is an empty list", where=f"params.{name}", todo=f"give at least one of {allowed}")
