"""What was not kept is listed with reasons and commands, and a source of which nothing is left is found."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.ledger import read_records, recipe_of
from pipelines.lost import count_lost, data_set_of, describe_lost, lost_samples, lost_sources, replay_command
from pipelines.plan import plan
from schemas.errors import UserError

ALL_LOST = """
seed: 7
sources:
  - {family: tiny.meters, count: 3}
  - {family: tiny.meters, name: broken, count: 3, params: {break_every: 1}}
  - {family: tiny.meters, name: planned_none, count: 0}
"""


def test_every_lost_sample_has_its_reason_and_a_command(faulty_set: Path) -> None:
    rejects = lost_samples(faulty_set)
    text = describe_lost(rejects, faulty_set)
    assert len(rejects) == 4
    for reject in rejects:
        assert f"{reject.sample_id}  shard {reject.shard}: {reject.kind} at {reject.stage}: {reject.reason}\n" in text
        assert f"    assay rebuild {faulty_set} --sample {reject.sample_id}" in text.splitlines()
    assert count_lost(rejects) == "1 rejected (wrong_answer), 2 quarantined (planted), 1 quarantined (ZeroDivisionError)"


def test_one_sample_or_family_is_chosen(faulty_set: Path) -> None:
    first = lost_samples(faulty_set)[0]
    assert lost_samples(faulty_set, sample_id=first.sample_id) == [first]
    assert lost_samples(faulty_set, family="documents.report") == []


def test_a_command_can_be_pasted_whatever_the_folder_is_called() -> None:
    assert replay_command(Path("my data"), "a.b/v1/0f") == "assay rebuild 'my data' --sample a.b/v1/0f"


def test_the_quarantine_folder_belongs_to_its_data_set(faulty_set: Path, tmp_path: Path) -> None:
    assert data_set_of(faulty_set / "quarantine") == faulty_set
    assert data_set_of(faulty_set) is None
    assert data_set_of(tmp_path / "quarantine") is None


def test_a_folder_without_a_build_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no data set was built there"):
        lost_samples(tmp_path)


def test_a_source_of_which_nothing_is_left_is_found(make_set: Callable[[str], Path], faulty_set: Path) -> None:
    folder = make_set(ALL_LOST)
    assert lost_sources(plan(recipe_of(folder)), read_records(folder).values()) == [1]
    assert lost_sources(plan(recipe_of(faulty_set)), read_records(faulty_set).values()) == []
