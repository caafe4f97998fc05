"""The errors Assay raises on purpose. Each says what was wrong (with the value), where, and what to do.

`UserError` is the user's mistake and ends the command with exit code 2. `DataError` is bad input found while a sample is made: the sample
is quarantined with the reason. `DeterminismError` means that the same plan gave other bytes, which is a bug in a family or a changed
machine.
"""

from collections.abc import Sequence
from difflib import get_close_matches

NEAREST_CUTOFF = 0.5
"""Least likeness, by difflib's ratio, of a name that is proposed in place of an unknown one (chosen)."""


class AssayError(Exception):
    """Base of all errors raised on purpose."""


class UserError(AssayError):
    """A mistake in a recipe, an argument or a folder. Exit code 2.

    Args:
        what: What is wrong, with the value.
        where: The file, key path or argument.
        todo: What to do about it.

    Attributes:
        mistakes: The mistakes that this one sums up, if it does.
    """

    mistakes: "tuple[UserError, ...]" = ()

    def __init__(self, what: str, *, where: str = "", todo: str = "") -> None:
        self.what, self.where, self.todo = what, where, todo
        super().__init__("\n".join(part for part in (what, where and f"  where: {where}", todo and f"  to do: {todo}") if part))


class NotInstalledError(UserError):
    """A part that Assay can do without is wanted and not there, such as an engine, its weights or its language data."""


def all_mistakes(mistakes: "Sequence[UserError]") -> UserError:
    """The one mistake, or one error that says each of several in full."""
    if len(mistakes) == 1:
        return mistakes[0]
    error = UserError(f"{len(mistakes)} mistakes:\n" + "\n".join(str(mistake) for mistake in mistakes))
    error.mistakes = tuple(mistakes)
    return error


def located(error: UserError, where: str) -> UserError:
    """The same mistake, or each of those it sums up, at a place inside `where`."""
    if error.mistakes:
        return all_mistakes([located(mistake, where) for mistake in error.mistakes])
    return UserError(error.what, where=f"{where}.{error.where}" if error.where else where, todo=error.todo)


def nearest(name: str, known: Sequence[str]) -> str:
    """`did you mean 'count'? `, or nothing if no known name is like `name`."""
    near = get_close_matches(name, known, n=1, cutoff=NEAREST_CUTOFF)
    return f"did you mean {near[0]!r}? " if near else ""


class MachineError(AssayError):
    """Ray or the machine gave up: memory, a killed process, a lost cluster. Exit code 3; the same command again resumes."""


class StoppedError(KeyboardInterrupt):
    """Somebody asked by a signal that the command stop. No `AssayError`, so that nobody who handles errors handles it.

    Args:
        number: Of the signal; the exit code is 128 more.
        told: What the user should know of what is kept.
    """

    def __init__(self, number: int, told: str = "") -> None:
        self.number, self.told = number, told
        super().__init__(told)


class DataError(AssayError):
    """Input that cannot become a sample; `reason` is the stable name it is counted under in the ledger."""

    def __init__(self, reason: str, detail: str) -> None:
        self.reason, self.detail = reason, detail
        super().__init__(f"{reason}: {detail}")

    def __reduce__(self) -> tuple[type["DataError"], tuple[str, str]]:
        return (DataError, (self.reason, self.detail))


class IntegrityError(AssayError):
    """Stored bytes are not what the manifest, the commit record or the schema says."""


class DeterminismError(AssayError):
    """The same shard plan gave other bytes than those already committed."""
