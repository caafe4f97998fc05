"""The order of samples, the fingerprint, and counts from tokens."""

import logging
from dataclasses import dataclass, replace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.plan import Item, Plan, _ingredients, explain_difference, plan, rank
from schemas.errors import UserError
from schemas.family import AnyFamily
from schemas.manifest import Ingredients
from schemas.recipe import Recipe, parse_recipe
from schemas.sample import AssetUse

NOTHING = Ingredients({}, {}, {})


def plan_of(counts: list[int], size: int) -> Plan:
    sources = [{"family": "tiny.meters", "name": f"s{i}", "count": count} for i, count in enumerate(counts)]
    return Plan(Recipe.model_validate({"seed": 1, "sources": tuple(sources), "samples_per_shard": size}), NOTHING)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=5), st.integers(1, 9))
def test_shards_hold_every_sample_once(counts: list[int], size: int) -> None:
    planned = plan_of(counts, size)
    shards = [planned.items(shard) for shard in range(planned.num_shards)]
    items = [item for shard in shards for item in shard]
    assert sorted(items, key=lambda i: (i.source, i.index)) == [Item(s, i) for s, count in enumerate(counts) for i in range(count)]
    assert all(len(shard) == size for shard in shards[:-1])


@given(st.lists(st.integers(1, 60), min_size=2, max_size=4))
def test_any_prefix_has_the_mixture_of_the_whole(counts: list[int]) -> None:
    planned = plan_of(counts, 1)
    items = [item for shard in range(planned.num_shards) for item in planned.items(shard)]
    for length in range(1, len(items) + 1):
        for source, count in enumerate(counts):
            found = sum(item.source == source for item in items[:length])
            assert abs(found - count * length / sum(counts)) < 2  # a concatenation of the sources fails here


@given(st.lists(st.integers(1, 30), min_size=1, max_size=4))
def test_rank_is_a_permutation(counts: list[int]) -> None:
    ranks = sorted(rank(tuple(counts), source, index) for source, count in enumerate(counts) for index in range(count))
    assert ranks == list(range(sum(counts)))


def test_resolved_recipe_gives_the_same_plan_again(faulty_plan: Plan) -> None:
    again = plan(Recipe.model_validate_json(faulty_plan.recipe.model_dump_json()))
    assert again.fingerprint == faulty_plan.fingerprint
    assert faulty_plan.recipe.sources[0].params["meters"] == 3  # defaults are written out


@pytest.mark.parametrize(
    ("kind", "key", "value"), [("families", "tiny.meters", 2), ("assets", "a.pdf", "0" * 64), ("libraries", "pillow", "0.1")]
)
def test_fingerprint_covers_every_ingredient(faulty_plan: Plan, kind: str, key: str, value: object) -> None:
    changed = replace(faulty_plan.ingredients, **{kind: getattr(faulty_plan.ingredients, kind) | {key: value}})
    other = Plan(faulty_plan.recipe, changed)
    assert other.fingerprint != faulty_plan.fingerprint
    assert [line for line in explain_difference(faulty_plan.document, other.document) if key in line]


def test_tokens_become_a_count() -> None:
    text = "seed: 3\nsources: [{family: tiny.meters, tokens: 5000}]"
    source = plan(parse_recipe(text, "test")).recipe.sources[0]
    assert source.tokens is None
    assert source.count == -(-5000 // 113)  # a sample has 69 vision and about 44 text tokens, of which the wording moves a few


def test_difference_names_places_and_values() -> None:
    old = {"recipe": {"seed": 1, "sources": [{"count": 2}]}, "gone": 1}
    new = {"recipe": {"seed": 2, "sources": [{"count": 3}]}, "come": None}
    assert explain_difference(old, new) == ["gone: 1 -> (nothing)", "recipe.seed: 1 -> 2", "recipe.sources.0.count: 2 -> 3"]


@pytest.mark.parametrize(
    ("extra", "named"),
    [
        ("filters: [pixels.contrats]", "pixels.contrast"),
        ("thresholds: {pixels.contrast: 0.5}", "add the filter"),
        ("sources: [{family: tiny.metres, count: 1}]", "tiny.meters"),
    ],
)
def test_mistakes_name_what_to_do(extra: str, named: str) -> None:
    text = "seed: 3\n" + (extra if extra.startswith("sources") else f"sources: [{{family: tiny.meters, count: 1}}]\n{extra}")
    with pytest.raises(UserError, match=named):
        plan(parse_recipe(text, "test"))


def test_pilot_that_makes_nothing_says_why() -> None:
    text = "seed: 3\nsources: [{family: tiny.meters, tokens: 10, params: {fail_every: 1}}]"
    with pytest.raises(UserError, match="fails on purpose"):
        plan(parse_recipe(text, "test"))


@pytest.mark.parametrize("odd", ["nan", "text", "error"])
def test_pilot_of_samples_that_cannot_be_stored_is_the_user_s_to_mend(odd: str) -> None:
    text = f"seed: 3\nsources: [{{family: tiny.meters, tokens: 10, params: {{odd: {odd}}}}}]"
    with pytest.raises(UserError, match="none of the first 4 samples"):  # a traceback when only DataError is caught
        plan(parse_recipe(text, "test"))


def test_pilot_counts_from_the_samples_that_can_be_made_and_says_how_many_failed(caplog: pytest.LogCaptureFixture) -> None:
    text = "seed: 3\nsources: [{family: tiny.meters, tokens: 5000, params: {break_every: 4}}]"
    with caplog.at_level(logging.WARNING):
        assert 43 <= plan(parse_recipe(text, "test")).num_samples <= 46  # 113 tokens a sample, give or take the wording
    assert "1 of the first 4 samples of 'tiny.meters' could not be made" in caplog.text


@dataclass(frozen=True)
class OneFile:
    """The part of a family over real inputs that a plan reads."""

    sha256: str
    version: int = 1

    def assets(self) -> tuple[AssetUse, ...]:
        return (AssetUse("a.pdf", self.sha256, "LicenseRef-user", "user"),)

    def pin(self) -> "OneFile":
        return self


def test_files_of_one_name_in_two_sources_both_count() -> None:
    families = [OneFile("0" * 64), OneFile("1" * 64)]
    found = _ingredients(plan_of([1, 1], 1).recipe, cast("list[AnyFamily]", families))
    assert found.assets == {"s0/a.pdf": "0" * 64, "s1/a.pdf": "1" * 64}
