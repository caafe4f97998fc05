"""Resuming is a set difference; books that do not balance, and folders that are not ours, are refused."""

import json
import shutil
from pathlib import Path

import pytest

from pipelines.ledger import check_same_plan, close_books, missing_shards, read_records, recipe_of, summarise
from pipelines.plan import Plan, plan
from schemas.errors import IntegrityError, UserError


@pytest.fixture
def copy(faulty_set: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(faulty_set, tmp_path / "copy"))


def test_missing_shards_are_those_without_record_or_file(faulty_plan: Plan, copy: Path) -> None:
    records = read_records(copy)
    assert missing_shards(faulty_plan, copy, records) == []
    (copy / records[3].file).unlink()
    (copy / "commits" / "000001.json").unlink()
    assert missing_shards(faulty_plan, copy, read_records(copy)) == [1, 3]


def test_ledger_balances_with_reasons(faulty_set: Path) -> None:
    ledger = summarise(list(read_records(faulty_set).values()))
    assert ledger == {
        "planned": 17,
        "kept": 13,
        "rejected": {"wrong_answer": 1},
        "quarantined": {"ZeroDivisionError": 1, "planted": 2},
    }


@pytest.mark.parametrize("fault", ["rows", "planned"])
def test_a_record_that_does_not_balance_is_refused(faulty_plan: Plan, copy: Path, fault: str) -> None:
    path = copy / "commits" / "000000.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {fault: 3}))
    with pytest.raises(IntegrityError, match="balance"):
        close_books(faulty_plan, read_records(copy))


def test_books_close_only_over_exactly_the_planned_shards(faulty_plan: Plan, copy: Path) -> None:
    records = read_records(copy)
    with pytest.raises(IntegrityError, match="missing"):
        close_books(faulty_plan, {k: records[k] for k in (0, 1)})


def test_a_doubled_sample_is_found(faulty_plan: Plan, copy: Path) -> None:
    records = read_records(copy)
    path = copy / "commits" / "000003.json"
    ids = [records[0].sample_ids[0], *records[3].sample_ids[1:]]
    path.write_text(json.dumps(json.loads(path.read_text()) | {"sample_ids": ids}))
    with pytest.raises(IntegrityError, match="twice"):
        close_books(faulty_plan, read_records(copy))


def test_a_renamed_record_is_found(copy: Path) -> None:
    (copy / "commits" / "000000.json").rename(copy / "commits" / "000009.json")
    with pytest.raises(IntegrityError, match="shard 0"):
        read_records(copy)


def test_folder_of_another_plan_is_refused_with_the_difference(faulty_plan: Plan, copy: Path) -> None:
    check_same_plan(copy, faulty_plan)
    other = plan(faulty_plan.recipe.model_copy(update={"seed": 8}))
    with pytest.raises(UserError, match=r"recipe\.seed: 7 -> 8"):
        check_same_plan(copy, other)


def test_folder_of_somebody_else_is_refused_and_an_empty_one_is_not(faulty_plan: Plan, tmp_path: Path) -> None:
    check_same_plan(tmp_path / "absent", faulty_plan)
    check_same_plan(tmp_path, faulty_plan)
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(UserError, match=r"thesis\.tex"):
        check_same_plan(tmp_path, faulty_plan)


def test_plan_can_be_made_again_from_the_folder(faulty_plan: Plan, faulty_set: Path) -> None:
    assert plan(recipe_of(faulty_set)).fingerprint == faulty_plan.fingerprint


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{}", "'fingerprint'"),
        ('{"fingerprint": "f', "not JSON"),
        ("[]", "list"),
        ('{"fingerprint": "f", "ingredients": {}, "recipe": {"seed": 1}}', "recipe.sources"),
    ],
)
def test_a_plan_that_cannot_be_read_is_told_without_a_traceback(text: str, found: str, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(UserError, match=found) as caught:
        recipe_of(tmp_path)
    assert caught.value.todo


def test_a_folder_whose_plan_is_empty_is_refused(faulty_plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(UserError, match="fingerprint"):
        check_same_plan(tmp_path, faulty_plan)


def test_of_many_differences_the_recipes_come_first_and_few_are_shown(faulty_plan: Plan, copy: Path) -> None:
    """Catches twenty hashes of files before the one number that was changed."""
    path = copy / "plan.json"
    document = json.loads(path.read_text())
    document["fingerprint"] = "other"
    document["recipe"]["seed"] = 8
    document["ingredients"]["assets"] = {f"file{number}": "0" * 64 for number in range(20)}
    path.write_text(json.dumps(document))
    with pytest.raises(UserError) as caught:
        check_same_plan(copy, faulty_plan)
    lines = caught.value.what.splitlines()
    assert lines[0].endswith("is built from another recipe:")
    assert lines[1] == "    recipe.seed: 8 -> 7"
    assert len(lines) == 7
    assert lines[-1] == "    and 16 more"
    document["recipe"]["seed"] = 7
    path.write_text(json.dumps(document))
    with pytest.raises(UserError, match="is built from files that are others now"):
        check_same_plan(copy, faulty_plan)
