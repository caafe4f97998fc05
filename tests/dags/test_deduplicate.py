"""`assay dedup` on small data sets made by hand: who stays, what the books say, and that order, shards and a stop change nothing."""

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image as Pillow

from dags.deduplicate import CLUSTERS_NAME, deduplicate
from pipelines.ledger import summarise
from pipelines.lost import describe_lost, lost_samples
from schemas.canonical import canonical_json
from schemas.errors import UserError
from schemas.sample import Attachment, Image, Sample, Turn
from schemas.shard import Dataset, read_manifest
from tests.filters.test_duplicates import text
from tests.schemas.samples import sample
from tests.schemas.test_shard import build_dataset


def made(number: int, *, said: str = "", picture: Image | None = None, world: object = None, asked: int | None = None) -> Sample:
    """A sample of its own truth and question, with a text or a picture; `asked` as that number is, but for case and space."""
    attached = (Attachment.of("page.txt", "text/plain", said.encode()),) if said else ()
    turns = (
        Turn("user", f"What does picture {number} say?" if asked is None else f"what does picture  {asked} say?", "read"),
        Turn("assistant", "the answer", "read"),
    )
    return replace(
        sample(number),
        images=(picture,) if picture else (),
        clips=(),
        attachments=attached,
        turns=turns,
        truth=canonical_json({"world": number if world is None else world}),
        verdicts=(),
        scores={},
    )


def drawn(seed: int, *, quality: int = 0, size: int = 400) -> Image:
    """A picture of dark words on paper; a `quality` makes it a JPEG."""
    rng = np.random.default_rng(seed)
    grey = np.full((size, size), 235, np.uint8)
    for y in range(20, size - 30, 14):
        x = 20
        while x < size - 60:
            wide = int(rng.integers(8, 40))
            grey[y : y + 8, x : x + wide] = rng.integers(0, 2, (8, wide), dtype=np.uint8) * 150 + 30
            x += wide + int(rng.integers(5, 60))
    sink = io.BytesIO()
    Pillow.fromarray(grey).save(sink, "JPEG" if quality else "PNG", **({"quality": quality} if quality else {}))
    return Image.of(sink.getvalue(), "jpeg" if quality else "png", size, size)


def planted() -> list[Sample]:
    """Twelve samples: pairs of equal truth (0, 1), near text (2, 3) and near picture (4, 5), and six that have nothing in common."""
    near = text(2) + " end of the copy"
    pairs = [made(0, world="w"), made(1, world="w"), made(2, said=text(2)), made(3, said=near, asked=2)]
    pairs += [made(4, picture=drawn(1)), made(5, picture=drawn(1, quality=60), asked=4)]
    return [*pairs, *(made(n, said=text(n)) for n in range(6, 9)), *(made(n, picture=drawn(n)) for n in range(9, 12))]


def shards(samples: Sequence[Sample], size: int) -> list[Sequence[Sample]]:
    """Samples in shards of a size."""
    return [samples[at : at + size] for at in range(0, len(samples), size)]


def outcome(folder: Path) -> tuple[list[tuple[object, ...]], set[str]]:
    """Clusters without the numbers of data sets, and the ids that are there."""
    with pa.memory_map(str(folder / CLUSTERS_NAME)) as source:
        rows = pa.ipc.open_file(source).read_all().to_pylist()
    return [tuple(v for k, v in row.items() if k != "data_set") for row in rows], {one.sample_id for one in Dataset(folder)}


def test_each_kind_is_found_and_the_books_balance(tmp_path: Path) -> None:
    """Catches a kind that is not looked for, one that takes strangers along, and a drop that the ledger does not tell."""
    build_dataset(tmp_path / "a", shards(planted(), 4))
    manifest, clusters = deduplicate([tmp_path / "a"], tmp_path / "out")
    found = {(row["reason"], row["sample_id"]) for row in clusters.to_pylist()}
    ids = [one.sample_id for one in planted()]
    assert found == {(why, ids[n]) for why, pair in (("same truth", (0, 1)), ("near text", (2, 3)), ("near picture", (4, 5))) for n in pair}
    assert manifest.totals.rows == 9
    assert summarise(manifest.shards)["planned"] == 12
    lost = lost_samples(tmp_path / "out")
    assert sorted(reject.reason for reject in lost) == ["duplicate, near picture", "duplicate, near text", "duplicate, same truth"]
    assert all("stays" in reject.detail for reject in lost)


def test_order_shards_and_parts_change_nothing(tmp_path: Path) -> None:
    """Catches a survivor chosen by position, and a pair that is found only within a shard or a part."""
    samples = planted()
    build_dataset(tmp_path / "a", shards(samples, 4))
    deduplicate([tmp_path / "a"], tmp_path / "one")
    build_dataset(tmp_path / "b", shards(samples[::-1], 1))
    deduplicate([tmp_path / "b"], tmp_path / "two", memory_bytes=2000)
    assert outcome(tmp_path / "one") == outcome(tmp_path / "two")


def test_two_sets_in_either_order_give_equal_bytes(tmp_path: Path) -> None:
    """Catches an order of the command line that shows in the result."""
    samples = planted()
    build_dataset(tmp_path / "a", shards(samples[::2], 2))
    build_dataset(tmp_path / "b", shards(samples[1::2], 3))
    one, _ = deduplicate([tmp_path / "a", tmp_path / "b"], tmp_path / "one")
    two, _ = deduplicate([tmp_path / "b", tmp_path / "a"], tmp_path / "two")
    assert one == two
    assert one.totals.rows == 9


def test_a_stopped_run_goes_on(tmp_path: Path) -> None:
    """Catches a half-done run that ends otherwise, or that does not look at what it has."""
    build_dataset(tmp_path / "a", shards(planted(), 4))

    def stop(stage: str, done: int, total: int) -> None:
        if (stage, done) == ("write", 1):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deduplicate([tmp_path / "a"], tmp_path / "out", tell=stop)
    again, _ = deduplicate([tmp_path / "a"], tmp_path / "out")
    whole, _ = deduplicate([tmp_path / "a"], tmp_path / "whole")
    assert again == whole


def test_older_sets_keep_what_they_have(tmp_path: Path) -> None:
    """Catches an older sample that is dropped, or written again."""
    samples = planted()
    build_dataset(tmp_path / "old", shards(samples[1::2], 3))
    build_dataset(tmp_path / "new", shards(samples[::2], 3))
    manifest, clusters = deduplicate([tmp_path / "new"], tmp_path / "out", older=(tmp_path / "old",))
    assert manifest.totals.rows == 3
    assert {row["survivor"] for row in clusters.to_pylist()} == {"", *(samples[n].sample_id for n in (1, 3, 5))}


def test_a_folder_of_another_run_is_refused(tmp_path: Path) -> None:
    """Catches results of two runs in one folder."""
    build_dataset(tmp_path / "a", shards(planted(), 4))
    build_dataset(tmp_path / "b", shards(planted()[:6], 4))
    deduplicate([tmp_path / "a"], tmp_path / "out")
    with pytest.raises(UserError, match="made from other data sets"):
        deduplicate([tmp_path / "b"], tmp_path / "out")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    with pytest.raises(UserError, match="not empty"):
        deduplicate([tmp_path / "b"], tmp_path / "mine")


def test_many_equal_rows_cost_a_comparison_each(tmp_path: Path) -> None:
    """Catches a group in which all are compared with all: 3,000 equal texts would be 4.5 million comparisons a band."""
    same = text(1, 40)
    build_dataset(tmp_path / "a", shards([made(n, said=same, world=n, asked=0) for n in range(3000)], 1000))
    manifest, clusters = deduplicate([tmp_path / "a"], tmp_path / "out")
    assert manifest.totals.rows == 1
    assert clusters.num_rows == 3000


def test_other_questions_about_the_same_media_stay(tmp_path: Path) -> None:
    """Catches a sample that goes because its picture is known, though it asks something else; and a copy of it that stays."""
    one, copy = drawn(1), drawn(1, quality=60)
    samples = [made(n, picture=picture, asked=asked) for n, (picture, asked) in enumerate([(one, 1), (one, 2), (copy, 3), (copy, 2)])]
    samples.append(made(9, picture=drawn(9)))
    build_dataset(tmp_path / "a", shards(samples, 2))
    manifest, clusters = deduplicate([tmp_path / "a"], tmp_path / "out")
    assert manifest.totals.rows == 4
    (gone,) = [row for row in clusters.to_pylist() if not row["kept"]]
    assert gone["sample_id"] in {samples[1].sample_id, samples[3].sample_id}
    stay = {row["sample_id"] for row in clusters.to_pylist() if row["reason"] == "same media"}
    assert stay == {one.sample_id for one in samples[:4]} - {gone["sample_id"]}
    fewer, _ = deduplicate([tmp_path / "a"], tmp_path / "fewer", drop_same_media=True)
    assert fewer.totals.rows == 2


def test_a_short_answer_does_not_make_two_questions_about_one_world_the_same(tmp_path: Path) -> None:
    """Catches "yes" to two questions about one picture, of one truth, taken for one sample."""
    build_dataset(tmp_path / "a", [[made(1, world="w", picture=drawn(1)), made(2, world="w", picture=drawn(1))]])
    manifest, _ = deduplicate([tmp_path / "a"], tmp_path / "out")
    assert manifest.totals.rows == 2


def test_what_was_dropped_is_shown_with_where_to_find_it(tmp_path: Path) -> None:
    """Catches a hint to rebuild a sample from a folder that has no recipe."""
    build_dataset(tmp_path / "a", [planted()])
    deduplicate([tmp_path / "a"], tmp_path / "out")
    lost = lost_samples(tmp_path / "out")
    told = describe_lost(lost, tmp_path / "out")
    assert "assay show ORIGINAL --sample" in told
    assert "rebuild" not in told
    assert all(read_manifest(tmp_path / "a").fingerprint in reject.detail for reject in lost)
