"""Shards and data sets: exact round trips, and a refusal for each way in which stored bytes can be wrong."""

import io
import json
import pickle
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import IntegrityError, UserError
from schemas.manifest import fingerprint_of
from schemas.sample import Sample, sha256_hex
from schemas.shard import (
    CommitRecord,
    Dataset,
    Ingredients,
    Manifest,
    ShardReader,
    ShardWriter,
    Totals,
    row_to_sample,
    sample_to_row,
    write_shard,
)
from schemas.shard_rows import row_checksums
from tests.schemas.samples import SAMPLE, sample


def write(folder: Path, samples: Sequence[Sample]) -> Path:
    path = folder / "shard.arrow"
    path.write_bytes(write_shard(samples))
    return path


def build_dataset(folder: Path, shards: Sequence[Sequence[Sample]]) -> None:
    records = []
    (folder / "shards").mkdir(parents=True)
    for number, samples in enumerate(shards):
        data = write_shard(samples)
        name = f"shards/{number}-{sha256_hex(data)[:16]}.arrow"
        (folder / name).write_bytes(data)
        ids = tuple(s.sample_id for s in samples)
        checksums = row_checksums(memoryview(data))
        records.append(CommitRecord(number, name, len(samples), len(data), sha256_hex(data), 17, 64, ids, checksums, planned=len(samples)))
    ingredients = Ingredients({}, {}, {})
    manifest = Manifest(fingerprint_of({"seed": 1}, ingredients), {"seed": 1}, ingredients, tuple(records), Totals.of(records))
    (folder / "manifest.json").write_text(manifest.to_json())


@given(SAMPLE)
@settings(deadline=None)
def test_row_round_trip(one: Sample) -> None:
    """Catches any field that is dropped, reordered, rounded or of too narrow a type."""
    assert row_to_sample(sample_to_row(one)) == one


@given(st.lists(SAMPLE, max_size=3))
@settings(deadline=None, max_examples=50)
def test_shard_round_trip(tmp_path_factory: pytest.TempPathFactory, samples: list[Sample]) -> None:
    """Catches a type that Arrow stores but does not give back, such as a null score or an int32 overflow."""
    path = write(tmp_path_factory.mktemp("shard"), samples)
    assert list(ShardReader(path)) == samples


def test_one_record_batch_a_sample(tmp_path: Path) -> None:
    """Catches batching, which would make reading one sample load its neighbours."""
    path = write(tmp_path, [sample(n) for n in range(3)])
    assert [b.num_rows for b in map(pa.ipc.open_file(str(path)).get_batch, range(3))] == [1, 1, 1]
    reader = ShardReader(path)
    assert reader[-1] == reader[2] == sample(2)
    with pytest.raises(IndexError, match="3 samples"):
        reader[3]


def test_media_are_large_binary_and_metadata_name_the_format(tmp_path: Path) -> None:
    """Catches 32-bit offsets, which overflow at 2 GiB, and a file that does not say what it is."""
    schema = pa.ipc.open_file(str(write(tmp_path, [sample()]))).schema
    assert schema.field("images").type.value_type.field("bytes").type == pa.large_binary()
    assert schema.field("clips").type.value_type.field("frames").type.value_type == pa.large_binary()
    assert schema.metadata == {b"format": b"assay.sample", b"version": b"1"}


def test_truth_column_holds_world_and_proofs() -> None:
    """Catches proofs left on the turns column, and truth that is not canonical."""
    truth = sample_to_row(sample(4))["truth"]
    document = json.loads(truth)
    assert document["world"]["title"] == "Bericht №1"
    assert [proof["turn"] for proof in document["proofs"]] == [1]
    assert truth == json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


SAMPLES_HASH = """
from schemas.sample import sha256_hex
from schemas.shard import write_shard
from tests.schemas.samples import sample
print(sha256_hex(write_shard([sample(0, {"b": 1.0}), sample(1, {"a": 0.5, "c": 2.0})])))
"""


def test_bytes_do_not_depend_on_the_process() -> None:
    """Catches uninitialised padding and orders taken from sets: processes with other hash seeds must agree."""

    def run(hash_seed: str) -> bytes:
        env = {"PYTHONPATH": ".", "PYTHONHASHSEED": hash_seed}
        return subprocess.run([sys.executable, "-c", SAMPLES_HASH], env=env, capture_output=True, check=True).stdout

    here = sha256_hex(write_shard([sample(0, {"b": 1.0}), sample(1, {"a": 0.5, "c": 2.0})]))
    assert {run("1"), run("2")} == {f"{here}\n".encode()}


def test_scores_are_columns_and_absent_where_not_given(tmp_path: Path) -> None:
    """Catches scores lost or invented when the samples of a shard carry different ones."""
    samples = [sample(0, {"sharpness": 0.5}), sample(1), sample(2, {"entropy": -1.25})]
    reader = ShardReader(write(tmp_path, samples))
    assert reader.scores == ("entropy", "sharpness")
    assert [s.scores for s in reader] == [s.scores for s in samples]


@pytest.mark.parametrize("score", [float("nan"), float("inf"), 1e39])
def test_score_must_be_finite(score: float) -> None:
    """Catches a filter that divides by zero."""
    with pytest.raises(ValueError, match="finite float32"):
        write_shard([sample(0, {"sharpness": score})])


def test_writer_refuses_unannounced_score_and_leaves_no_footer() -> None:
    """Catches a column dropped silently, and a half-written file that passes for a shard."""
    sink = io.BytesIO()
    with pytest.raises(ValueError, match=r"score\.late"), ShardWriter(sink, scores=["early"]) as writer:
        writer.write(sample(0, {"late": 1.0}))
    with pytest.raises(pa.ArrowInvalid):
        pa.ipc.open_file(pa.BufferReader(sink.getvalue()))


def test_truth_must_be_canonical() -> None:
    """Catches a truth that would come back as other text than it went in."""
    with pytest.raises(ValueError, match=r"truth of sample .* is not canonical"):
        sample_to_row(replace(sample(), truth='{"b": 1}'))


def test_damaged_shard_names_both_hashes(tmp_path: Path) -> None:
    """Catches one flipped bit anywhere in the file."""
    path = write(tmp_path, [sample()])
    data = bytearray(path.read_bytes())
    expected = sha256_hex(bytes(data))
    assert ShardReader(path, expected)[0] == sample()
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(IntegrityError, match=rf"expected sha256 {expected}, found {sha256_hex(bytes(data))}"):
        ShardReader(path, expected)[0]


def test_cut_off_missing_and_foreign_files_are_refused(tmp_path: Path) -> None:
    """Catches a reader that lets Arrow's own errors through, or reads any Arrow file."""
    path = write(tmp_path, [sample()])
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(IntegrityError, match="not a whole Arrow IPC file"):
        len(ShardReader(path))
    with pytest.raises(IntegrityError, match="is missing"):
        len(ShardReader(tmp_path / "none.arrow"))
    table = pa.table({"a": [1]})
    with pa.ipc.new_file(str(path), table.schema) as writer:
        writer.write(table)
    with pytest.raises(IntegrityError, match="not an Assay shard"):
        len(ShardReader(path))


@pytest.mark.parametrize(
    ("version", "drop", "message"),
    [(b"2", "", r"version '2'.*install a release"), (b"1", "seed", "its columns are not")],
)
def test_other_version_or_columns_are_refused(tmp_path: Path, version: bytes, drop: str, message: str) -> None:
    """Catches a reader that guesses at a format it does not know."""
    table = pa.ipc.open_file(str(write(tmp_path, [sample()]))).read_all()
    table = table.drop_columns([drop]) if drop else table
    table = table.replace_schema_metadata({b"format": b"assay.sample", b"version": version})
    with pa.ipc.new_file(str(tmp_path / "other.arrow"), table.schema) as writer:
        writer.write(table)
    with pytest.raises(IntegrityError, match=message):
        len(ShardReader(tmp_path / "other.arrow"))


def test_dataset_random_access_across_shards(tmp_path: Path) -> None:
    """Catches an off-by-one at shard borders and at an empty shard."""
    samples = [sample(n) for n in range(5)]
    build_dataset(tmp_path, [samples[:2], [], samples[2:]])
    dataset = pickle.loads(pickle.dumps(Dataset(tmp_path)))  # noqa: S301 - workers receive readers pickled
    assert len(dataset) == 5
    assert [dataset[i] for i in (0, 1, 2, 4, -1)] == [samples[i] for i in (0, 1, 2, 4, 4)]
    assert list(dataset) == samples


def test_dataset_without_manifest_says_what_to_do(tmp_path: Path) -> None:
    """Catches reading an unfinished build as if it were whole."""
    with pytest.raises(UserError, match=r"no manifest\.json") as error:
        Dataset(tmp_path)
    assert "assay build" in error.value.todo


def test_dataset_notices_a_swapped_shard(tmp_path: Path) -> None:
    """Catches a file that is a good shard, only not the one the manifest means."""
    build_dataset(tmp_path, [[sample(0)], [sample(1)]])
    first, second = sorted((tmp_path / "shards").iterdir())
    first.write_bytes(second.read_bytes())
    with pytest.raises(IntegrityError, match="is damaged"):
        Dataset(tmp_path)[0]


@pytest.mark.parametrize(
    ("edit", "totals", "message"),
    [
        ({"sample_ids": ["b", "a"]}, {}, "row 0 is documents.report/.*, the manifest says b"),
        ({"rows": 1, "planned": 1, "sample_ids": ["a"], "row_crc32": [1]}, {"rows": 1}, "has 2 samples, the manifest says 1"),
    ],
)
def test_dataset_notices_a_manifest_that_disagrees(tmp_path: Path, edit: dict[str, object], totals: dict[str, int], message: str) -> None:
    """Each row is a manifest, consistent in itself, that does not describe the files beside it."""
    build_dataset(tmp_path, [[sample(0), sample(1)]])
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest["shards"][0].update(edit)
    manifest["totals"].update(totals)
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(IntegrityError, match=message):
        list(Dataset(tmp_path))


def test_plain_arrow_reads_a_shard(tmp_path: Path) -> None:
    """The file is plain Arrow: another reader gets the same columns."""
    table = pa.ipc.open_file(str(write(tmp_path, [sample(0), sample(1)]))).read_all()
    assert table["seed"].to_pylist() == [2**64 - 1, 2**64 - 2]
