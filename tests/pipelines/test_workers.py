"""What goes wrong with one sample costs that sample only, and says how to see it again."""

import errno
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from PIL import UnidentifiedImageError

from pipelines import workers
from pipelines.commit import StorageError
from pipelines.plan import Plan, plan
from pipelines.quarantine import Failure, Reject, attempt, read_quarantine
from pipelines.stats import measure
from pipelines.workers import Job, make_shard
from schemas.errors import UserError
from schemas.recipe import parse_recipe
from schemas.shard import Dataset


def rejects_of(folder: Path) -> list[Reject]:
    return [reject for path in sorted((folder / "quarantine").iterdir()) for reject in read_quarantine(path)]


def test_every_planned_sample_is_kept_or_named_in_quarantine(faulty_set: Path) -> None:
    rejects = rejects_of(faulty_set)
    assert len(Dataset(faulty_set)) + len(rejects) == 17
    found = {(reject.index, reject.kind, reject.stage, reject.reason) for reject in rejects}
    assert found == {
        (2, "quarantined", "synthesize", "planted"),
        (3, "rejected", "verify", "wrong_answer"),
        (4, "quarantined", "synthesize", "ZeroDivisionError"),
        (5, "quarantined", "synthesize", "planted"),
    }


def test_rejects_say_how_to_replay_and_show_no_path_of_this_machine(faulty_set: Path) -> None:
    here = str(Path(__file__).parents[2])
    for reject in rejects_of(faulty_set):
        assert reject.replay == f"assay rebuild . --sample {reject.sample_id}"
        assert here not in reject.traceback
        assert "pipelines/" not in reject.traceback
    traced = next(reject.traceback for reject in rejects_of(faulty_set) if reject.reason == "ZeroDivisionError")
    assert traced.endswith("ZeroDivisionError: index 4 breaks on purpose")
    assert "synth/make.py" in traced


def test_scores_are_columns_and_thresholds_reject(make_set: Callable[[str], Path]) -> None:
    recipe = "seed: 7\nsources: [{family: tiny.meters, count: 6}]\nfilters: [pixels.contrast]\nthresholds: {pixels.contrast: %s}"
    everything = Dataset(make_set(recipe % "0.0"))
    scores = sorted(sample.scores["pixels.contrast"] for sample in everything)
    least = (scores[2] + scores[3]) / 2
    folder = make_set(recipe % least)
    assert sorted(sample.scores["pixels.contrast"] for sample in Dataset(folder)) == scores[3:]
    assert {(reject.kind, reject.stage, reject.reason) for reject in rejects_of(folder)} == {("rejected", "score", "below pixels.contrast")}


def test_a_filter_that_does_not_apply_turns_nothing_down(make_set: Callable[[str], Path]) -> None:
    """Pictures without a text layer have nothing to read back: no score, no reject, and counted."""
    name = "ocr_roundtrip.similarity"
    folder = make_set(f"seed: 7\nsources: [{{family: tiny.meters, count: 3}}]\nfilters: [{name}]\nthresholds: {{{name}: 0.9}}")
    assert [sample.scores for sample in Dataset(folder)] == [{}, {}, {}]
    assert not list(rejects_of(folder))
    (scores,) = (metric for metric in measure(folder) if metric.name == "Scores")
    assert scores.rows == ((name, 0, 3, "", "", ""),)


def test_a_shard_where_nothing_is_kept_is_still_a_shard(make_set: Callable[[str], Path]) -> None:
    folder = make_set("seed: 7\nsources: [{family: tiny.meters, count: 3, params: {fail_every: 1}}]")
    assert len(Dataset(folder)) == 0
    assert len(rejects_of(folder)) == 3


def test_shards_do_not_depend_on_what_was_made_before(tmp_path: Path) -> None:
    planned = plan(parse_recipe("seed: 5\nsamples_per_shard: 2\nsources: [{family: tiny.meters, count: 6}]", "test"))
    for name, order in (("up", (0, 1, 2)), ("down", (2, 1, 0))):
        for part in ("tmp", "shards", "quarantine", "commits"):
            (tmp_path / name / part).mkdir(parents=True)
        for shard in order:
            make_shard(Job(planned, tmp_path / name), shard)
    names = [sorted(path.name for path in (tmp_path / name / "shards").iterdir()) for name in ("up", "down")]
    assert names[0] == names[1]  # content is in the name


def test_trouble_of_the_machine_is_not_a_sample_s_fault() -> None:
    def no_memory() -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        attempt(no_memory)


def test_a_mistake_of_the_user_ends_the_build_instead_of_filling_the_quarantine() -> None:
    def mistaken() -> None:
        raise UserError("no wording for 'xx'")

    with pytest.raises(UserError, match="xx"):
        attempt(mistaken)


@pytest.mark.parametrize(("odd", "reason"), [("nan", "ValueError"), ("text", "UnicodeEncodeError"), ("error", "ValueError")])
def test_a_sample_that_cannot_be_stored_costs_that_sample_only(make_set: Callable[[str], Path], odd: str, reason: str) -> None:
    """Fails, with the whole build, when rows are made outside `attempt` or a message is put in the quarantine as it comes."""
    sources = f"[{{family: tiny.meters, count: 3}}, {{family: tiny.meters, name: odd, count: 2, params: {{odd: {odd}}}}}]"
    folder = make_set(f"seed: 7\nsources: {sources}")
    assert len(Dataset(folder)) == 3
    assert [(reject.source, reject.kind, reject.reason) for reject in rejects_of(folder)] == [("odd", "quarantined", reason)] * 2


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ESTALE])
def test_a_disk_that_gives_out_ends_the_build_so_that_it_can_be_resumed(number: int) -> None:
    def full() -> None:
        raise OSError(number, "planted")

    with pytest.raises(StorageError, match="planted"):
        attempt(full)


@pytest.mark.parametrize("error", [FileNotFoundError(errno.ENOENT, "planted"), UnidentifiedImageError("planted")])
def test_a_missing_or_broken_input_is_the_sample_s_own(error: OSError) -> None:
    def broken() -> None:
        raise error

    found = attempt(broken)
    assert isinstance(found, Failure)
    assert found.reason == type(error).__name__


def test_samples_are_not_copied_on_their_way_between_stages(faulty_plan: Plan, tmp_path: Path) -> None:
    """Catches a copy of a whole shard at each stage, which long documents have no memory for."""
    job = Job(faulty_plan, tmp_path)
    made = workers.synthesize(workers.plan(pa.table({"item": [0]}), job), job)
    (row,) = workers._rows(made)
    (again,) = workers._rows(workers._table([row]))
    data = made["samples"].chunks[0].buffers()[2]
    assert data is not None
    assert data.address == row.samples.address == again.samples.address
    assert row.samples.size > 1000


def test_rows_are_read_from_tables_the_engine_has_cut_and_joined() -> None:
    """Catches cells read from the wrong place of a column with an offset, with several chunks, or with no bytes at all."""
    rows = [workers._Row(number, pa.py_buffer(b"x" * number), ()) for number in range(5)]
    table = pa.concat_tables([workers._table(rows).slice(3), workers._table(rows).combine_chunks().slice(1, 2), workers._table(rows[:1])])
    assert [(row.shard, row.samples.to_pybytes()) for row in workers._rows(table)] == [(n, b"x" * n) for n in (3, 4, 1, 2, 0)]
