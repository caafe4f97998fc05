"""The path of ARCHITECTURE.md's table, call by call, in this process: what goes in as an integer comes out of the shard as it went in."""

from dataclasses import replace
from pathlib import Path

import pytest

from filters.annotate import annotate, load_filters
from pipelines.commit import FinishedShard, commit_shard, prepare_folder, write_manifest
from pipelines.ledger import close_books, read_records, write_plan_text
from pipelines.plan import plan
from schemas.recipe import parse_recipe
from schemas.sample import Sample
from schemas.shard import Dataset, ShardReader, write_shard
from schemas.shard_rows import row_checksums
from synth.load import load_family
from synth.make import make_sample, truth_adapter

RECIPE = """
seed: 5
filters: [pixels.contrast, text.answer_variety]
sources:
  - {family: %s, count: 2, params: %s}
"""
FAMILIES = {"tiny.meters": "{}", "documents.report": "{languages: [ja], pages: [10], questions: 2, scan_share: 0.0}"}


@pytest.mark.parametrize("name", FAMILIES)
def test_from_integer_to_row(name: str, tmp_path: Path) -> None:
    planned = plan(parse_recipe(RECIPE % (name, FAMILIES[name]), "test"))  # 1
    (source,) = planned.recipe.sources
    family = load_family(source.family, source.params)
    filters = load_filters(planned.recipe.filters)

    made = [make_sample(family, source.family, item.index, planned.recipe.seed, source=source.name) for item in planned.items(0)]  # 2
    scored = [annotate(sample, filters) for sample in made]  # 3
    prepare_folder(tmp_path, write_plan_text(planned))
    record = commit_shard(tmp_path, finished(scored))  # 4
    write_manifest(tmp_path, close_books(planned, read_records(tmp_path)))

    reader = ShardReader(tmp_path / record.file, record.sha256)  # 5
    read = [reader[number] for number in range(len(reader))]
    assert read == [replace(sample, scores=read[n].scores) for n, sample in enumerate(made)]
    assert [sorted(sample.scores) for sample in read] == [sorted(planned.recipe.filters)] * 2
    assert [sample.index for sample in read] == [0, 1]
    assert list(Dataset(tmp_path)) == read
    for sample in read:  # and the answers follow from the row alone
        found = family.verify(sample.stored, sample.turns, truth_adapter(family).validate_json(sample.truth))
        assert found == sample.verdicts
        assert all(verdict.passed and verdict.how == "artefact" for verdict in found)


def finished(samples: list[Sample]) -> FinishedShard:
    data = write_shard(samples)
    return FinishedShard(
        shard=0,
        data=data,
        quarantine=None,
        sample_ids=tuple(sample.sample_id for sample in samples),
        row_crc32=row_checksums(memoryview(data)),
        planned=len(samples),
        text_tokens=sum(sample.text_tokens for sample in samples),
        vision_tokens=sum(sample.vision_tokens for sample in samples),
        rejected={},
        quarantined={},
        verified_artefact=sum(len(sample.verdicts) for sample in samples),
        verified_truth=0,
    )
