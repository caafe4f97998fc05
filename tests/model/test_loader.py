"""The loader: one global stream for every number of ranks and workers, any stop point; damage found, reported, handled as configured."""

import hashlib
import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.random import Generator, default_rng

from model.batch import Batch
from model.loader import Loader, LoaderSettings
from schemas.errors import DataError, IntegrityError, UserError
from schemas.mixture import Mixture, parse_mixture
from schemas.sample import Image, Sample, Turn
from schemas.shard_rows import row_checksums
from tests.model.corpora import encoded, mixed, pixels, sample, store, words

LENGTH, ROWS = 512, 48


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root, rng = tmp_path_factory.mktemp("data"), default_rng(0)
    return store(root / "a", [*mixed(rng, 4, "a"), *talk(rng, 36, "a")]), store(root / "b", [*mixed(rng, 4, "b"), *talk(rng, 17, "b")])


def talk(rng: Generator, count: int, prefix: str) -> list[Sample]:
    """Words alone, which cost little to encode."""
    turns = [[Turn("user", words(rng, int(rng.integers(5, 90)))), Turn("assistant", "Yes.")] for _ in range(count)]
    return [sample(f"{prefix}/{4 + number:04d}", turn) for number, turn in enumerate(turns)]


def mixture(folders: Sequence[Path], **given: Any) -> Mixture:
    datasets = [{"path": str(folder), "weight": 1 + number} for number, folder in enumerate(folders)]
    return parse_mixture({"seed": 5, "datasets": datasets} | given, "test")


def fingerprint(batch: Batch) -> bytes:
    """Hash of everything a row holds."""
    parts = [batch.ids, batch.targets, batch.loss_weight, batch.positions, batch.sources, batch.cu_seqlens, batch.patches, batch.visual]
    return hashlib.sha256(b"".join(part.numpy().tobytes() for part in parts) + repr(batch.sample_ids).encode()).digest()


def rows(mixed_: Mixture, ranks: int, workers: int, state: dict[str, Any] | None = None) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """The global stream as `ranks` processes see it, step by step, with the state after each step."""
    with ExitStack() as stack:
        loaders = [
            stack.enter_context(Loader(mixed_, LoaderSettings(LENGTH, workers=workers), rank=rank, ranks=ranks, state=state))
            for rank in range(ranks)
        ]
        first = state["row"] if state else 0
        while True:
            step = {(rank - first) % ranks: next(loader, None) for rank, loader in enumerate(loaders)}
            states = [loader.state() for loader in loaders]
            assert all(one == states[0] for one in states)
            for place in range(ranks):
                if (batch := step[place]) is None:
                    return
                yield fingerprint(batch), states[0]
            first = states[0]["row"]


def test_one_stream_for_every_number_of_ranks_and_workers(folders: tuple[Path, Path]) -> None:
    """Catches an order that depends on ranks, threads or their timing: one hash over 48 rows' tokens, positions, weights and pixels."""
    hashes = set()
    for ranks in (1, 2, 4, 8):
        for workers in (0, 1, 3):
            stream = hashlib.sha256(b"".join(row for row, _ in islice(rows(mixture(folders), ranks, workers), ROWS))).hexdigest()
            print(f"{ranks} ranks, {workers} workers: {stream}")
            hashes.add(stream)
    assert len(hashes) == 1


def test_any_stop_point_goes_on_with_any_ranks(folders: tuple[Path, Path]) -> None:
    """20 stops, each with its state through JSON into another number of ranks: what follows is what would have followed."""
    whole = [row for row, _ in islice(rows(mixture(folders), 1, 0), 96)]
    rng = default_rng(9)
    for stop in range(20):
        before, after = (int(2**k) for k in rng.integers(0, 4, 2))
        steps = int(rng.integers(1, 88 // before))
        *_, (_, state) = islice(rows(mixture(folders), before, 1), steps * before)
        assert state["row"] == steps * before
        resumed = [row for row, _ in islice(rows(mixture(folders), after, stop % 2 * 2, json.loads(json.dumps(state))), 8)]
        assert resumed == whole[steps * before : steps * before + 8]


def test_another_seed_is_another_stream(folders: tuple[Path, Path]) -> None:
    """The planted fault of the tests above: their hash sees a changed order."""
    assert next(rows(mixture(folders), 1, 0))[0] != next(rows(mixture(folders, seed=6), 1, 0))[0]


def test_resuming_is_quick_and_exact_late_in_the_run(folders: tuple[Path, Path]) -> None:
    """Catches a resume that reads the stream again from the start: at row 5,000, under a second, planned tokens as counted."""
    loader = Loader(mixture(folders), LoaderSettings(LENGTH, workers=0))
    window, planned = loader.planner.window(loader.planner.start()), [0, 0]
    while window.end.row <= 5_000:
        window = loader.planner.window(window.end)
    for at, source in enumerate(window.begin.sources):
        planned[at] = source.tokens
    named = dict(zip(("a", "b"), window.begin.sources, strict=True))
    state = loader.state() | {"row": 5_000, "window": window.begin.window, "window_row": window.begin.row}
    state["sources"] = {n: {"epoch": s.epoch, "position": s.position, "tokens": s.tokens, "skipped": {}} for n, s in named.items()}
    began = time.process_time()
    with Loader(mixture(folders), LoaderSettings(LENGTH, workers=0), state=state) as resumed:
        assert next(resumed).sample_ids
        assert time.process_time() - began < 1
        ahead = sum(draw.tokens for row in window.rows[: 5_001 - window.begin.row] for draw in row)
        assert sum(resumed.planned().values()) == sum(planned) + ahead


def test_planned_is_delivered(folders: tuple[Path, Path]) -> None:
    """Catches tokens that are planned but not given out: what all ranks got is the plan, source by source."""
    loaders = [Loader(mixture(folders), LoaderSettings(LENGTH, workers=1), rank=rank, ranks=2) for rank in range(2)]
    for _ in range(40):
        assert len({loader.planned()["a"] for loader in loaders}) == 1
        batches = [next(loader) for loader in loaders]
        got = {name: sum(loader.delivered.tokens[name] for loader in loaders) for name in ("a", "b")}
        assert got == loaders[0].planned()
        assert abs(got["a"] - sum(got.values()) / 3) <= LENGTH
        assert all(int((batch.sources == 1).sum()) > 0 or len(batch.sample_ids) for batch in batches)
    for loader in loaders:
        assert loader.delivered.slots == 40 * LENGTH
        loader.close()


def test_the_end_of_the_data_gives_every_rank_as_many_rows(folders: tuple[Path, Path]) -> None:
    """Catches ranks that hang because others have no row left; every sample is delivered once in a pass."""
    one = parse_mixture({"datasets": [{"path": str(folders[0]), "passes": 1}]}, "test")
    for ranks in (1, 3):
        loaders = [Loader(one, LoaderSettings(LENGTH, workers=1), rank=rank, ranks=ranks) for rank in range(ranks)]
        batches = [list(loader) for loader in loaders]
        assert len({len(rank) for rank in batches}) == 1
        names = [name for rank in batches for batch in rank for name in batch.sample_ids]
        assert sorted(names) == [f"a/{k:04d}" for k in range(40)]


def damage(folder: Path, shard: int) -> str:
    """Flip a bit in the middle of a shard's media; the name of the sample that holds it."""
    path = sorted((folder / "shards").iterdir())[shard]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    record = json.loads((folder / "manifest.json").read_text())["shards"][shard]
    pairs = zip(record["sample_ids"], record["row_crc32"], row_checksums(memoryview(data)), strict=True)
    (lost,) = [name for name, stated, found in pairs if stated != found]
    return str(lost)


def test_a_damaged_shard_stops_the_run(tmp_path: Path) -> None:
    folder = store(tmp_path / "a", mixed(default_rng(0), 12, "a"))
    damage(folder, 1)
    with Loader(mixture([folder]), LoaderSettings(LENGTH)) as loader, pytest.raises(IntegrityError, match="is damaged: row . has CRC-32"):
        list(islice(loader, 20))


def test_a_damaged_row_is_skipped_and_counted(tmp_path: Path) -> None:
    """Its sample alone goes missing, from the rows it was planned in; order and other rows stay as they were, on every rank alike."""
    made = mixed(default_rng(0), 12, "a")
    whole, folder = store(tmp_path / "whole" / "a", made), store(tmp_path / "damaged" / "a", made)
    lost = damage(folder, 1)
    skipping = mixture([folder], damaged="skip")
    with Loader(mixture([whole]), LoaderSettings(LENGTH)) as good, Loader(skipping, LoaderSettings(LENGTH)) as loader:
        before, after = list(islice(good, 20)), list(islice(loader, 20))
        for one, other in zip(before, after, strict=True):
            assert other.sample_ids == tuple(name for name in one.sample_ids if name != lost)
        report = loader.delivered
        missing = sum(name == lost for batch in before for name in batch.sample_ids)
        assert report.dropped == {("a", "damaged"): missing}
        assert sum(report.tokens.values()) + sum(report.dropped_tokens.values()) == sum(good.delivered.tokens.values())
        assert "is damaged: row" in report.reports[0]
    assert len(list(islice(rows(skipping, 2, 1), 20))) == 20


def test_a_picture_that_cannot_be_decoded(tmp_path: Path) -> None:
    """A truncated JPEG inside a shard whose checksum is right."""
    whole = encoded(pixels(default_rng(0), 64, 64), "JPEG")
    turns = [Turn("user", "<image>?"), Turn("assistant", "Yes.")]
    pictures = [whole, whole[: len(whole) // 2]]
    folder = store(tmp_path / "a", [sample(f"a/{k}", turns, [Image.of(data, "jpeg", 64, 64)]) for k, data in enumerate(pictures)])
    with Loader(mixture([folder]), LoaderSettings(200)) as loader, pytest.raises(DataError, match="sample a/1: medium 0 cannot be decoded"):
        next(loader)
    with Loader(mixture([folder], damaged="skip"), LoaderSettings(200)) as loader:
        assert {name for batch in islice(loader, 5) for name in batch.sample_ids} == {"a/0"}
        assert loader.delivered.dropped["a", "image_broken"] >= 4


def test_counts_in_a_shard_that_encoding_does_not_find(tmp_path: Path) -> None:
    wrong = [replace(made, text_tokens=made.text_tokens + 1) for made in mixed(default_rng(0), 2, "a")]
    with (
        Loader(mixture([store(tmp_path / "a", wrong)]), LoaderSettings(LENGTH)) as loader,
        pytest.raises(IntegrityError, match="its shard says"),
    ):
        next(loader)


def test_a_state_of_another_run_is_refused(folders: tuple[Path, Path]) -> None:
    state = Loader(mixture(folders), LoaderSettings(LENGTH, workers=0)).state()
    others = [
        (mixture(folders, seed=6), LENGTH, state),
        (mixture(folders), LENGTH + 1, state),
        (mixture(folders[:1]), LENGTH, state),
        (mixture(folders), LENGTH, state | {"version": 0}),
    ]
    for other, length, given in others:
        with pytest.raises(UserError, match="state is of another"):
            Loader(other, LoaderSettings(length, workers=0), state=given)


def test_an_idle_loader_ends_its_threads(folders: tuple[Path, Path]) -> None:
    with Loader(mixture(folders), LoaderSettings(LENGTH, workers=3)) as loader:
        next(loader)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("assay-loader")]
    assert np.isfinite(loader.delivered.wait_s)
