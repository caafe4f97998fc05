"""Plans a mixture: which samples go into which packed row, from token counts alone and before any media are read.

Every rank plans for itself and all plan the same, since a window of rows is a pure function of the mixture and of where the window before
it ended. A window is drawn sample by sample from the data set that lags most behind its share of tokens, packed into as few rows as best
fit needs, and its rows are put in an order that keeps every data set close to its share after each row.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from model.encode import EncodeSettings, vision_tokens
from model.media import PixelBounds
from model.order import epoch_order
from model.pack import even_rows
from schemas.errors import DataError, IntegrityError, UserError
from schemas.mixture import DataSource, Mixture
from schemas.shard import RESTORE
from schemas.shard_rows import Conversations, ShardRows

WINDOW_ROWS = 64
"""Rows planned and packed together (chosen): best fit leaves about one of them partly empty, and a plan costs milliseconds."""


@dataclass(frozen=True, slots=True)
class Draw:
    """One sample in the plan: `index` within data set number `source`, of `tokens` tokens."""

    source: int
    index: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one data set has been read.

    Attributes:
        epoch: Passes completed.
        position: Samples of the present pass that lie behind.
        tokens: Tokens planned so far.
        skipped: Reason to number of samples left out while planning: `too_long`, `below_threshold`, `damaged`.
    """

    epoch: int = 0
    position: int = 0
    tokens: int = 0
    skipped: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """Where a window begins: its number, the number of its first row over the whole run, and each data set's progress."""

    window: int
    row: int
    sources: tuple[Progress, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """Some rows of the global stream, in order, and where the next window begins. No rows: the data sets are used up."""

    begin: Plan
    rows: tuple[tuple[Draw, ...], ...]
    end: Plan


class Planner:
    """Plans windows of rows.

    Args:
        mixture: The data sets, their weights, and what to do with samples that are too long.
        length: Slots of a row.
        settings: How samples will be encoded; other bounds than the default mean other numbers of vision tokens.

    Raises:
        UserError: A data set does not exist, is empty, or has no score that a threshold names.
    """

    def __init__(self, mixture: Mixture, length: int, settings: EncodeSettings) -> None:
        self.mixture = mixture
        self.length = length
        self.sources = tuple(_Source(source, settings.bounds) for source in mixture.datasets)

    def start(self) -> Plan:
        """Where the first window begins."""
        return Plan(0, 0, tuple(Progress() for _ in self.sources))

    def window(self, begin: Plan) -> Window:
        """The window that begins there; equal arguments give equal windows.

        Raises:
            UserError: A data set has no usable sample, has been read as often as it may be, or holds a sample that is too long and refused.
            IntegrityError: A shard is missing or broken, and the mixture says to stop.
        """
        drawn, progress = self._draw(list(begin.sources))
        # Samples of one length are packed in turn, as data sets are drawn in turn: without a shuffle a row could hold one data set alone.
        draws = [drawn[number] for number in epoch_order(self.mixture.seed, "\0draws", begin.window, len(drawn))]
        packed = even_rows([draw.tokens for draw in draws], self.length)
        shuffled = epoch_order(self.mixture.seed, "\0rows", begin.window, len(packed))
        rows = self._balance([tuple(draws[number] for number in packed[row]) for row in shuffled], begin)
        return Window(begin, rows, Plan(begin.window + 1, begin.row + len(rows), tuple(progress)))

    def check_shares(self, tokens: int) -> None:
        """Raise `UserError` if a data set's allowed passes hold less than its share of this many tokens, by the totals of its manifest."""
        for source, share in zip(self.sources, self.mixture.shares, strict=True):
            totals = source.data.manifest.totals
            held = totals.text_tokens + totals.vision_tokens
            if source.spec.passes is not None and source.spec.passes * held < share * tokens:
                raise _short_of_share(source.spec, share, source.spec.passes * held, f"{tokens} tokens are to be trained")

    def _draw(self, progress: list[Progress]) -> tuple[list[Draw], list[Progress]]:
        shares = self.mixture.shares
        draws: list[Draw] = []
        for number, (source, at) in enumerate(zip(self.mixture.datasets, progress, strict=True)):
            if source.passes is not None and at.epoch >= source.passes:
                if len(progress) == 1:
                    return [], progress
                raise _short_of_share(source, shares[number], at.tokens, f"{sum(p.tokens for p in progress)} were planned")
        total, drawn = sum(at.tokens for at in progress), 0
        ahead = [self._next(number, at) for number, at in enumerate(progress)]
        while True:
            lag = [share * total - at.tokens for share, at in zip(shares, progress, strict=True)]
            number = _most_urgent(shares, lag, max(draw.tokens if draw else 0 for draw, _ in ahead))
            draw, after = ahead[number]
            # Up to what the rows could hold, never beyond: one sample more would begin a row that stays nearly empty.
            if draw is not None and drawn + draw.tokens > WINDOW_ROWS * self.length:
                break
            progress[number] = after
            if draw is None:
                break  # what was drawn is still a window; the next one finds the data set used up
            draws.append(draw)
            total, drawn = total + draw.tokens, drawn + draw.tokens
            ahead[number] = self._next(number, after)
        return draws, progress

    def _next(self, number: int, at: Progress) -> tuple[Draw | None, Progress]:
        """The next usable sample of a data set, None if it may not be read again, and its progress after it."""
        source, epoch, position, skipped = self.sources[number], at.epoch, at.position, at.skipped
        for _ in range(2 * len(source.data)):
            if position == len(source.data):
                epoch, position = epoch + 1, 0
            if source.spec.passes is not None and epoch >= source.spec.passes:
                return None, Progress(epoch, position, at.tokens, skipped)
            index = int(epoch_order(self.mixture.seed, source.spec.name, epoch, len(source.data))[position])
            position += 1
            tokens, reason = self._tokens(source, index)
            if not reason:
                return Draw(number, index, tokens), Progress(epoch, position, at.tokens + tokens, skipped)
            skipped = skipped | {reason: skipped.get(reason, 0) + 1}
        reasons = Counter(self._tokens(source, index)[1] for index in range(len(source.data)))
        raise UserError(
            f"data set {source.spec.name!r} has no sample to read: of {len(source.data)}, "
            + ", ".join(f"{count} are {reason}" for reason, count in sorted(reasons.items())),
            where=str(source.data.folder),
            todo=f"lower its thresholds, train with rows longer than {self.length} tokens, or take it out of the mixture",
        )

    def _tokens(self, source: "_Source", index: int) -> tuple[int, str]:
        """Tokens of a sample, and the reason to leave it out or an empty string."""
        try:
            tokens, usable = source.tokens(index)
        except (IntegrityError, DataError):
            if self.mixture.damaged == "stop":
                raise
            return 0, "damaged"
        if not usable:
            return tokens, "below_threshold"
        if tokens <= self.length:
            return tokens, ""
        if self.mixture.too_long == "refuse":
            raise UserError(
                f"sample {index} of data set {source.spec.name!r} has {tokens} tokens, a row holds {self.length}",
                where=str(source.data.folder),
                todo="train with longer rows, or set `too_long: drop` in the mixture to leave such samples out and count them",
            )
        return tokens, "too_long"

    def _balance(self, rows: list[tuple[Draw, ...]], begin: Plan) -> tuple[tuple[Draw, ...], ...]:
        """The rows in an order that keeps every data set close to its share after each of them: always the one that leaves the least sum
        of squared deviations.
        """
        shares = np.array(self.mixture.shares)
        tokens = np.zeros((len(rows), len(shares)))
        for number, row in enumerate(rows):
            for draw in row:
                tokens[number, draw.source] += draw.tokens
        excess = tokens - tokens.sum(axis=1, keepdims=True) * shares
        planned = np.array([source.tokens for source in begin.sources], np.float64)
        deviation = planned - planned.sum() * shares
        left = list(range(len(rows)))
        order: list[int] = []
        while left:
            chosen = left.pop(int(np.square(deviation + excess[left]).sum(axis=1).argmin()))
            deviation = deviation + excess[chosen]
            order.append(chosen)
        return tuple(rows[number] for number in order)


def _most_urgent(shares: Sequence[float], lag: Sequence[float], unit: int) -> int:
    """The data set to draw from: of those not too far ahead, the one that would first lag by a whole unit.

    Always taking the one that lags most lets three and more data sets drift apart by more than a unit. This rule keeps them within one, if
    samples are of one length: Tijdeman 1980, "The chairman assignment problem", Discrete Mathematics 32.

    Args:
        shares: Of tokens; they sum to 1.
        lag: Tokens that each data set has less than its share so far.
        unit: Tokens of the longest sample that may be drawn.
    """
    slack = unit / max(2 * len(shares) - 2, 1)
    ready = [k for k in range(len(shares)) if lag[k] + shares[k] * unit >= slack] or range(len(shares))
    return min(ready, key=lambda k: ((unit - slack - lag[k]) / shares[k], k))


def _short_of_share(source: DataSource, share: float, held: int, when: str) -> UserError:
    return UserError(
        f"data set {source.name!r} cannot fill its share of {share:.1%}: its {source.passes} passes give {held} tokens, and {when}",
        where=source.path,
        todo="allow more passes, lower its weight, or train fewer steps",
    )


class _Source:
    """One data set as the planner sees it: token counts and scores, a shard at a time."""

    def __init__(self, spec: DataSource, bounds: PixelBounds) -> None:
        self.spec = spec
        self.data = Conversations(Path(spec.path))
        self._bounds = bounds
        self._shards: dict[int, tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]] = {}
        self._faults: dict[tuple[int, int], IntegrityError | DataError] = {}
        if not len(self.data):
            raise UserError(f"data set {spec.name!r} is empty", where=spec.path, todo="build it, or take it out of the mixture")

    def tokens(self, index: int) -> tuple[int, bool]:
        """Tokens of a sample, and whether its scores reach the thresholds."""
        shard, row = self.data.locate(index)
        if shard not in self._shards:
            self._shards[shard] = self._read(shard)
        if (fault := self._faults.get((shard, row))) is not None:
            raise fault
        counts, usable = self._shards[shard]
        return int(counts[row]), bool(usable[row])

    def _read(self, shard: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
        rows = self.data.shard(shard)
        text, vision = rows.tokens().T
        if self._bounds != PixelBounds():
            vision = np.array([self._vision_tokens(rows, shard, row) for row in range(len(rows))], np.int32)
        if len(rows) and int((text + vision).min()) < 1:
            raise IntegrityError(f"{rows.path} states samples of {int((text + vision).min())} tokens; {RESTORE}")
        usable = np.ones(len(rows), bool)
        for name, least in self.spec.thresholds.items():
            if name not in rows.scores:
                raise UserError(
                    f"data set {self.spec.name!r} has no score {name!r}",
                    where=f"thresholds of {self.spec.path}",
                    todo=f"its scores are: {', '.join(rows.scores) or 'none'}; build it with this filter, or take the threshold out",
                )
            usable &= ~(rows.score(name) < least)  # where the filter does not apply the score is NaN, which no threshold turns down
        return text + vision, usable

    def _vision_tokens(self, rows: ShardRows, shard: int, row: int) -> int:
        try:
            return vision_tokens(rows[row], self._bounds)
        except (IntegrityError, DataError) as fault:  # of this row alone, and raised when it is drawn
            self._faults[shard, row] = fault
            return 0
