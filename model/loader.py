"""`Loader`: the batches of one rank, made in background processes, in an order that is the same for every number of ranks and workers.

The global stream of rows is a pure function of the mixture, the row length and the row's number (`model.mixture`). Rank r of R makes the
rows whose number leaves the remainder r. The state is a few numbers: where the present window began, and how many rows have been given
out, over all ranks. It fits any other number of ranks.
"""

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import islice
from time import perf_counter
from types import TracebackType
from typing import Any, Self

from model.batch import Batch, Tokens
from model.encode import EncodeSettings, encode
from model.mixture import Draw, Plan, Planner, Progress, Window
from model.pack import to_batch
from model.workers import Parcel, Workers, pinned
from schemas.canonical import canonical_json
from schemas.errors import DataError, IntegrityError, UserError
from schemas.mixture import Mixture

STATE_VERSION = 1
MOST_REPORTS = 100


@dataclass(frozen=True, slots=True)
class LoaderSettings:
    """What a loader makes of a mixture.

    Attributes:
        length: Slots of a row.
        encode: Resolution bounds and layout.
        exponent: p of the loss weight, see `model.pack.to_batch`.
        workers: Background processes; 0 makes every batch when it is asked for.
        prefetch: Batches kept ready or in the making for each worker.
        pin_memory: Put batches where a CUDA device can fetch them while it computes.
    """

    length: int
    encode: EncodeSettings = field(default_factory=EncodeSettings)
    exponent: float = 0.0
    workers: int = 2
    prefetch: int = 2
    pin_memory: bool = False


@dataclass(slots=True)
class Delivered:
    """What one rank has been given so far.

    Attributes:
        rows: Packed rows.
        slots: Slots of these rows.
        tokens: Tokens of each data set.
        samples: Samples of each data set.
        dropped: (data set, reason) to samples that were planned but could not be read.
        dropped_tokens: Their tokens, of each data set.
        reports: The first `MOST_REPORTS` messages about them.
        wait_s: Seconds that the caller waited for batches.
    """

    rows: int = 0
    slots: int = 0
    tokens: Counter[str] = field(default_factory=Counter)
    samples: Counter[str] = field(default_factory=Counter)
    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)
    dropped_tokens: Counter[str] = field(default_factory=Counter)
    reports: list[str] = field(default_factory=list)
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _Made:
    """One row, and what was lost of it: (draw, reason, message)."""

    batch: Batch
    lost: tuple[tuple[Draw, str, str], ...]


@dataclass(frozen=True, slots=True)
class _Sent:
    """`_Made` on its way between processes."""

    parcel: Parcel
    lost: tuple[tuple[Draw, str, str], ...]


@dataclass(frozen=True, slots=True)
class _Step:
    """This rank's row of one step in the making, and where the stream stands once it has been given out."""

    draws: tuple[Draw, ...]
    made: Callable[[], _Made]
    window: Window
    next_row: int


class RowMaker:
    """Plans windows and makes rows of a mixture. Each worker has one of its own, as has the loader."""

    def __init__(self, mixture: Mixture, settings: LoaderSettings) -> None:
        self.mixture, self.settings = mixture, settings
        self.planner = Planner(mixture, settings.length, settings.encode)

    def window(self, begin: Plan) -> Window:
        """The window that begins there."""
        return self.planner.window(begin)

    def make(self, draws: tuple[Draw, ...]) -> _Made:
        """Read, encode and pack the samples of one row."""
        samples: list[Tokens] = []
        lost: list[tuple[Draw, str, str]] = []
        for draw in draws:
            try:
                samples.append(self._encode(draw))
            except (IntegrityError, DataError) as error:
                if self.mixture.damaged == "stop":
                    raise
                lost.append((draw, error.reason if isinstance(error, DataError) else "damaged", str(error)))
        return _Made(to_batch(samples, self.settings.length, exponent=self.settings.exponent), tuple(lost))

    def send(self, draws: tuple[Draw, ...]) -> _Sent:
        """`make` for another process."""
        made = self.make(draws)
        return _Sent(Parcel.of(made.batch), made.lost)

    def _encode(self, draw: Draw) -> Tokens:
        tokens = encode(self.planner.sources[draw.source].data[draw.index], self.settings.encode, source=draw.source)
        if len(tokens.ids) != draw.tokens:
            raise IntegrityError(f"sample {tokens.sample_id} has {len(tokens.ids)} tokens, its shard says {draw.tokens}; build it again")
        return tokens


class Loader:
    """Iterates over the batches of one rank. Use as a context manager, or call `close`.

    Args:
        mixture: What to read.
        settings: Row length, layout, processes.
        rank: This process's number.
        ranks: How many processes share the stream.
        state: What `state` returned, from a run with any number of ranks.

    Raises:
        UserError: The mixture cannot be read, or the state belongs to another mixture, seed or row length.
    """

    def __init__(
        self, mixture: Mixture, settings: LoaderSettings, *, rank: int = 0, ranks: int = 1, state: dict[str, Any] | None = None
    ) -> None:
        if not 0 <= rank < ranks:
            raise ValueError(f"rank {rank} is not one of {ranks}")
        self.mixture, self.settings, self.rank, self.ranks = mixture, settings, rank, ranks
        self._maker = RowMaker(mixture, settings)
        self.planner = self._maker.planner
        self.delivered = Delivered()
        self._identity = _identity(mixture, settings, self.planner)
        begin, self._row = self._restored(state) if state is not None else (self.planner.start(), 0)
        self._window = self.planner.window(begin)
        self._workers = Workers(settings.workers, RowMaker, mixture, settings) if settings.workers else None
        self._receiver = ThreadPoolExecutor(1, thread_name_prefix="assay-loader")
        self._ahead: deque[_Step] = deque()
        self._steps = self._plan_steps()

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        began = perf_counter()
        ready = max(1, self.settings.workers * self.settings.prefetch)
        self._ahead.extend(islice(self._steps, ready - len(self._ahead)))
        if not self._ahead:
            raise StopIteration
        step = self._ahead.popleft()
        made = step.made()
        self._window, self._row = step.window, step.next_row
        self._count(step.draws, made)
        self.delivered.wait_s += perf_counter() - began
        return made.batch

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Drop what is in the making and end the processes."""
        self._ahead.clear()
        self._receiver.shutdown(wait=False, cancel_futures=True)
        if self._workers is not None:
            self._workers.close()

    def state(self) -> dict[str, Any]:
        """Where the stream stands after the batches given out so far, in JSON values: equal on every rank after as many batches."""
        begin = self._present().begin
        return {
            "version": STATE_VERSION,
            "identity": self._identity,
            "row": self._row,
            "window": begin.window,
            "window_row": begin.row,
            "sources": {name: asdict(at) for name, at in zip(self._names, begin.sources, strict=True)},
        }

    def planned(self) -> dict[str, int]:
        """Tokens of each data set in all rows given out so far, over all ranks: equal on every rank."""
        window = self._present()
        tokens = Counter({name: at.tokens for name, at in zip(self._names, window.begin.sources, strict=True)})
        for row in window.rows[: self._row - window.begin.row]:
            for draw in row:
                tokens[self._names[draw.source]] += draw.tokens
        return dict(tokens)

    def _present(self) -> Window:
        """The window that the next row belongs to; the last one, if there is no next row."""
        while self._window.rows and self._row >= self._window.end.row:
            self._window = self.planner.window(self._window.end)
        return self._window

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(source.name for source in self.mixture.datasets)

    def _plan_steps(self) -> Iterator[_Step]:
        """This rank's rows from the present state on. Where the data end inside a step, ranks without a row get an empty one."""
        rows, number = self._plan_rows(self._window, self._row), self._row
        mine = (self.rank - number) % self.ranks
        while step := list(islice(rows, self.ranks)):
            number += self.ranks
            draws = step[mine][1] if mine < len(step) else ()
            yield _Step(draws, self._start_row(draws), step[-1][0], number)

    def _plan_rows(self, window: Window, first: int) -> Iterator[tuple[Window, tuple[Draw, ...]]]:
        """The global stream from row `first` on. The window after the present one is planned while rows of this one are made."""
        while window.rows:
            following = self._start_window(window.end)
            yield from ((window, row) for row in window.rows[max(0, first - window.begin.row) :])
            window = following()

    def _start_window(self, begin: Plan) -> Callable[[], Window]:
        """Begin to plan a window, or put it off until it is asked for if there are no workers."""
        if self._workers is None:
            return partial(self._maker.window, begin)
        return self._workers.submit(RowMaker.window, begin).result

    def _start_row(self, draws: tuple[Draw, ...]) -> Callable[[], _Made]:
        """Begin to make a row. A thread fetches rows in their order, and pins them while the caller computes."""
        if self._workers is None:
            return lambda: self._pinned(self._maker.make(draws))
        return self._receiver.submit(self._receive, self._workers.submit(RowMaker.send, draws)).result

    def _receive(self, sent: "Future[_Sent]") -> _Made:
        arrived = sent.result()
        return self._pinned(_Made(arrived.parcel.open(), arrived.lost))

    def _pinned(self, made: _Made) -> _Made:
        return _Made(pinned(made.batch), made.lost) if self.settings.pin_memory else made

    def _count(self, draws: tuple[Draw, ...], made: _Made) -> None:
        lost = {draw for draw, _, _ in made.lost}
        self.delivered.rows += 1
        self.delivered.slots += self.settings.length
        for draw in draws:
            if draw in lost:
                continue
            self.delivered.tokens[self._names[draw.source]] += draw.tokens
            self.delivered.samples[self._names[draw.source]] += 1
        for draw, reason, message in made.lost:
            self.delivered.dropped[self._names[draw.source], reason] += 1
            self.delivered.dropped_tokens[self._names[draw.source]] += draw.tokens
            if len(self.delivered.reports) < MOST_REPORTS:
                self.delivered.reports.append(message)

    def _restored(self, state: dict[str, Any]) -> tuple[Plan, int]:
        if state.get("version") != STATE_VERSION or state.get("identity") != self._identity:
            raise UserError(
                f"the loader's state is of another mixture, seed, row length or data: {state.get('identity')!r}, not {self._identity!r}",
                where="the loader state of the checkpoint",
                todo="resume with the configuration the run was started with, or start a new run",
            )
        sources = tuple(Progress(**state["sources"][name]) for name in self._names)
        return Plan(state["window"], state["window_row"], sources), state["row"]


def _identity(mixture: Mixture, settings: LoaderSettings, planner: Planner) -> str:
    """16 hex digits over all that the stream of rows depends on; folders may move, and damage be left out from now on."""
    what = {
        "mixture": mixture.model_dump(mode="json", exclude={"datasets": {"__all__": {"path"}}, "damaged": True}),
        "fingerprints": [source.data.manifest.fingerprint for source in planner.sources],
        "length": settings.length,
        "encode": asdict(settings.encode),
    }
    return hashlib.sha256(canonical_json(what).encode()).hexdigest()[:16]
