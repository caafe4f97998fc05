"""Worlds keep the promises that questions rest on."""

from collections import Counter
from decimal import Decimal
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from schemas.errors import DataError
from synth.documents.sampling import GENRES, sample_companion, sample_world
from synth.documents.sampling_numbers import UnusedNumbers, satisfies
from synth.documents.world import World

SEEDS = range(3)
CASES = [(genre, pages) for at, genre in enumerate(GENRES) for pages in (10, (20, 40, 80, 150)[at % 4])]


@cache
def world_of(genre: str, pages: int, seed: int) -> World:
    return sample_world("en", genre, pages, np.random.default_rng(seed))


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def worlds(request: pytest.FixtureRequest) -> list[World]:
    return [world_of(*request.param, seed) for seed in SEEDS]


def printed_numbers(world: World) -> Counter[Decimal]:
    """Every number the document prints; an agreeing claim repeats what its figure shows, which is not printed."""
    tabulated = [value for key, value in world.values.items() if key.split("/")[0] not in world.plotted]
    return Counter(
        number.normalize()
        for number in (
            *tabulated,
            *world.specs.values(),
            *world.claims.values(),
            *(order.amount for order in world.orders),
            *(change.new for change in world.amendments),
            *(limit.value for limit in world.limits),
        )
    )


def test_the_same_seed_gives_the_same_world_and_another_seed_another() -> None:
    first, again = (sample_world("en", "tender", 40, np.random.default_rng(5)) for _ in range(2))
    assert first == again
    assert first != sample_world("en", "tender", 40, np.random.default_rng(6))


def test_no_number_is_printed_twice(worlds: list[World]) -> None:
    for world in worlds:
        assert [number for number, count in printed_numbers(world).items() if count > 1] == []


def test_no_number_looks_like_a_year_or_a_page(worlds: list[World]) -> None:
    for world in worlds:
        whole = [number for number in printed_numbers(world) if number == int(number)]
        assert not [number for number in whole if 1900 <= number < 2100]


def test_codes_names_and_numbers_are_unique(worlds: list[World]) -> None:
    for world in worlds:
        for names in (
            [entity.code for entity in world.entities],
            [*(entity.name for entity in world.entities), *world.decoys],
            [entity.since for entity in world.entities],
            [person.name for person in world.people],
            [person.room for person in world.people],
            [order.number for order in world.orders],
            [event.date for event in world.events],
            world.periods,
        ):
            assert len(set(names)) == len(names)
        assert [order.number for order in world.orders] == sorted(order.number for order in world.orders)


def test_no_name_contains_another(worlds: list[World]) -> None:
    for world in worlds:
        names = [*(entity.name for entity in world.entities), *world.decoys, *(person.name for person in world.people)]
        assert [(one, other) for one in names for other in names if one != other and one in other] == []


def test_exactly_one_entity_meets_all_three_limits_and_each_limit_matters(worlds: list[World]) -> None:
    for world in worlds:
        passing = [
            {e.code for e in world.entities if satisfies(limit, world.specs[f"{limit.attribute}/{e.code}"])} for limit in world.limits
        ]
        assert len(passing[0] & passing[1] & passing[2]) == 1
        assert all(len(passing[one] & passing[other]) > 1 for one, other in ((0, 1), (0, 2), (1, 2)))


def test_totals_are_right_but_for_the_wrong_one(worlds: list[World]) -> None:
    for world in worlds:
        wrong = []
        for key, printed in world.summary.items():
            metric, group = key.split("/")
            total = sum(world.value(metric, e.code, world.periods[-1]) for e in world.entities if e.group == group)
            wrong += [key] if total != printed else []
        assert wrong == ([world.wrong_total] if world.wrong_total else [])


def test_about_three_worlds_in_five_have_a_wrong_total() -> None:
    share = np.mean([bool(sample_world("en", "exam", 10, np.random.default_rng(seed)).wrong_total) for seed in range(120)])
    assert 0.45 < share < 0.75


def test_half_of_the_claims_disagree_visibly_with_their_figure(worlds: list[World]) -> None:
    for world in worlds:
        shown = {key: world.values[f"{key}/{world.periods[-1]}"] for key in world.claims}
        wrong = [key for key in world.claims if world.claims[key] != shown[key]]
        assert len(wrong) == len(world.claims) // 2
        top = {metric: max(value for key, value in world.values.items() if key.startswith(f"{metric}/")) for metric in world.plotted}
        assert all(abs(world.claims[key] - shown[key]) > Decimal("0.05") * top[key.split("/")[0]] for key in wrong)
        assert not set(world.masked) & set(world.claims)
        assert world.masked


def test_everybody_but_the_director_reports_to_somebody_above(worlds: list[World]) -> None:
    for world in worlds:
        bosses = {person.key: person.reports_to for person in world.people}
        assert [key for key, boss in bosses.items() if not boss] == ["p1"]
        for key in bosses:
            steps = 0
            while bosses[key]:
                key, steps = bosses[key], steps + 1
                assert steps < 4
        assert {entity.manager for entity in world.entities} <= set(bosses)


def test_lists_overlap_in_part(worlds: list[World]) -> None:
    for world in worlds:
        lists = [set(members) for members in world.lists.values()]
        assert all(one & other and one - other and other - one for one, other in pairwise(lists))
        assert all(len(members) == len(set(members)) for members in world.lists.values())


def test_amendments_change_cells_whose_totals_are_not_printed(worlds: list[World]) -> None:
    for world in worlds:
        assert len(world.amendments) >= 2
        for change in world.amendments:
            assert world.value(change.metric, change.entity, change.period) == change.old != change.new
            assert change.period != world.periods[-1]
            assert change.metric not in world.plotted
            assert change.date > world.issued


def test_sizes_follow_the_pages() -> None:
    small, large = (sample_world("en", "manual", pages, np.random.default_rng(1)) for pages in (10, 150))
    assert 37 <= len(small.orders) <= 40
    assert 104 <= len(large.orders) <= 190
    assert len(small.events) >= 6
    assert len(large.entities) > 3 * len(small.entities)
    assert all(count >= 3 for count in Counter(entity.group for entity in large.entities).values())


def test_a_companion_shares_the_cast_and_nothing_that_is_measured(worlds: list[World]) -> None:
    for world in worlds:
        other = sample_companion(world, np.random.default_rng(9))
        assert [e.code for e in other.entities] == [e.code for e in world.entities]
        assert other.organisation == world.organisation
        assert [metric.key for metric in other.metrics] == [metric.key for metric in world.metrics]
        assert not set(other.periods) & set(world.periods)
        assert not set(printed_numbers(other)) & set(printed_numbers(world))
        assert not {event.title for event in other.events} & {event.title for event in world.events}
        assert other.number != world.number
        assert {person.room for person in other.people}.isdisjoint(person.room for person in world.people)


def test_unused_numbers_run_out_with_a_reason() -> None:
    numbers = UnusedNumbers()
    drawn = {numbers.take(1.0, 0) for _ in range(50)}
    assert len(drawn) == 50
    crowded = UnusedNumbers(Decimal(number) / 10 for number in range(1, 2500))
    with pytest.raises(DataError, match="numbers_exhausted"):
        crowded.take(0.2, 1)
