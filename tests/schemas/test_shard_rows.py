"""Rows read from a shard's mapped bytes: what pyarrow reads, for everything a sample can hold; damage is found, not handed out."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import IntegrityError
from schemas.sample import Sample
from schemas.shard import write_shard
from schemas.shard_rows import Conversation, Conversations, ShardRows, row_checksums
from tests.model.corpora import store
from tests.schemas.samples import SAMPLE, sample


def assert_same(row: Conversation, made: Sample) -> None:
    assert row.sample_id == made.sample_id
    assert [tuple(said) for said in row.turns] == [(turn.role, turn.text, turn.weight) for turn in made.turns]
    assert [(bytes(p.data), p.width_px, p.height_px) for p in row.images] == [(i.data, i.width_px, i.height_px) for i in made.images]
    assert [(tuple(map(bytes, film.frames)), film.time_s) for film in row.clips] == [(clip.frames, clip.time_s) for clip in made.clips]


@settings(max_examples=60)
@given(st.lists(SAMPLE, min_size=1, max_size=4))
def test_rows_are_the_samples(tmp_path_factory: pytest.TempPathFactory, samples: list[Sample]) -> None:
    """Catches a wrong buffer, a wrong offset, an empty list, text outside ASCII, scores that some samples lack."""
    path = tmp_path_factory.mktemp("shard") / "one.arrow"
    path.write_bytes(write_shard(samples))
    rows = ShardRows(path)
    assert len(rows) == len(samples)
    for number, made in enumerate(samples):
        assert_same(rows[number], made)
    assert rows.tokens().tolist() == [[made.text_tokens, made.vision_tokens] for made in samples]
    assert set(rows.scores) == {name for made in samples for name in made.scores}
    for name in rows.scores:
        np.testing.assert_array_equal(rows.score(name), [made.scores.get(name, np.nan) for made in samples])


def test_an_empty_shard(tmp_path: Path) -> None:
    path = tmp_path / "none.arrow"
    path.write_bytes(write_shard([]))
    assert len(ShardRows(path)) == 0


@pytest.mark.parametrize("cut", [0, 5, 100, -1, -9, -400])
def test_a_cut_file_is_told(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "cut.arrow"
    path.write_bytes(write_shard([sample(0)])[:cut])
    with pytest.raises(IntegrityError, match="is not a whole Assay shard"):
        ShardRows(path)


@settings(max_examples=300)
@given(st.integers(0, 2**20), st.integers(1, 255))
def test_a_flipped_byte_is_told_or_was_not_of_the_row(tmp_path_factory: pytest.TempPathFactory, place: int, flip: int) -> None:
    """Catches damage that crashes with another error, and damage that is handed out: in texts, pictures, offsets, metadata or footer."""
    samples = [sample(0), sample(1)]
    data = bytearray(write_shard(samples))
    checksums = row_checksums(memoryview(bytes(data)))
    data[place % len(data)] ^= flip
    path = tmp_path_factory.getbasetemp() / "flipped.arrow"
    path.write_bytes(data)
    for number, made in enumerate(samples):
        try:
            rows = ShardRows(path)
            rows.check(number, checksums[number])
            row = rows[number]
        except IntegrityError:
            continue
        assert_same(row, made)


def test_texts_and_pictures_are_under_the_checksum(tmp_path: Path) -> None:
    data = write_shard([sample(0), sample(1)])
    path = tmp_path / "one.arrow"
    path.write_bytes(data)
    wanted = row_checksums(memoryview(data))
    row = ShardRows(path)[1]
    view = memoryview(data)
    for piece in [said.text.encode() for said in row.turns] + [bytes(picture.data) for picture in row.images]:
        at = data.rindex(piece)  # the second row's, which comes last
        damaged = bytearray(view)
        damaged[at + len(piece) // 2] ^= 1
        found = row_checksums(memoryview(bytes(damaged)))
        assert found[0] == wanted[0]
        assert found[1] != wanted[1]


def test_another_arrow_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.arrow"
    with pa.ipc.new_file(str(path), pa.schema([("a", pa.int64())])) as writer:
        writer.write_batch(pa.record_batch({"a": [1]}))
    with pytest.raises(IntegrityError, match="not an Assay shard"):
        ShardRows(path)


def test_a_data_set_hands_out_verified_rows_alone(tmp_path: Path) -> None:
    """Catches a checksum that is not asked for, in any shard, through any number of open files."""
    samples = [sample(number) for number in range(10)]
    folder = store(tmp_path / "data", samples, per_shard=3)
    data = Conversations(folder, open_shards=2)
    for number in [*range(10), 9, 0, 5]:
        assert_same(data[number], samples[number])
    path = sorted((folder / "shards").iterdir())[2]
    path.write_bytes(path.read_bytes().replace(b"Was steht hier", b"Was geht hier."))
    fresh = Conversations(folder)
    assert_same(fresh[5], samples[5])
    with pytest.raises(IntegrityError, match="is damaged: row 0 has CRC-32"):
        fresh[6]
    with pytest.raises(IndexError, match="index 10 is outside"):
        fresh[10]


def test_rows_under_other_names_are_told(tmp_path: Path) -> None:
    folder = store(tmp_path / "data", [sample(0), sample(1)])
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace(sample(1).sample_id, "documents.report/v1/other"))
    with pytest.raises(IntegrityError, match="row 1 is documents.report/v1/0000000000000001, the manifest says documents.report/v1/other"):
        Conversations(folder)[1]
