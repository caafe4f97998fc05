"""Turns a recipe into a plan: exact counts, shard plans, and a fingerprint of everything the bytes depend on.

Shard k is a pure function of the resolved recipe and k, so a plan can be made again anywhere. Sources are interleaved in proportion to
their counts: any run of shards is a small corpus of the same mixture. Nothing here makes a sample except the pilot, which turns a number
of tokens into a count.
"""

import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from math import ceil
from typing import Any, cast

from filters.annotate import load_filters
from pipelines.quarantine import Failure, attempt
from schemas.canonical import canonical_json
from schemas.errors import UserError, located
from schemas.family import AnyFamily, HasAssets
from schemas.manifest import Ingredients, fingerprint_of
from schemas.phrases import shortened
from schemas.recipe import Recipe, Source
from schemas.rows import check_storable
from schemas.sample import Sample
from synth.libraries import library_versions
from synth.load import family_params, load_family
from synth.make import make_sample

_LOG = logging.getLogger(__name__)

PILOT_SAMPLES = 4
"""Samples made to learn how many tokens one has (chosen: the first four indices, so the pilot is as deterministic as the data)."""


@dataclass(frozen=True, slots=True)
class Item:
    """One sample to make: number `index` of the recipe's source number `source`."""

    source: int
    index: int


@dataclass(frozen=True)
class Plan:
    """A resolved recipe (every count known, every default written out) and what its bytes depend on besides."""

    recipe: Recipe
    ingredients: Ingredients

    @property
    def num_samples(self) -> int:
        """Samples over all sources."""
        return sum(self.counts)

    @property
    def num_shards(self) -> int:
        """Shards; the last one may hold fewer samples."""
        return ceil(self.num_samples / self.recipe.samples_per_shard)

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """Samples of each source."""
        return tuple(source.count or 0 for source in self.recipe.sources)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the resolved recipe and the ingredients."""
        return fingerprint_of(self.recipe.resolved(), self.ingredients)

    @property
    def document(self) -> dict[str, Any]:
        """What the fingerprint hashes."""
        return {"recipe": self.recipe.resolved(), "ingredients": asdict(self.ingredients)}

    def items(self, shard: int) -> tuple[Item, ...]:
        """What shard number `shard` is made of, in order."""
        if not 0 <= shard < self.num_shards:
            raise IndexError(f"shard {shard} is outside the plan, which has {self.num_shards}")
        size = self.recipe.samples_per_shard
        found = [
            (rank(self.counts, source, index), Item(source, index))
            for source in range(len(self.counts))
            for index in _indices_between(self.counts, source, shard * size, (shard + 1) * size)
        ]
        return tuple(item for _, item in sorted(found, key=lambda pair: pair[0]))


def plan(recipe: Recipe, where: str = "recipe") -> Plan:
    """Resolve a recipe: load its families and filters, count where tokens are asked for, and gather the ingredients.

    Args:
        recipe: As it was read.
        where: The file it was read from, as errors name it.

    Raises:
        UserError: A family, parameter or filter does not exist, or the pilot made nothing to count with.
    """
    families = [_family(source, f"{where}: sources.{i}") for i, source in enumerate(recipe.sources)]
    load_filters(recipe.filters, f"{where}: filters")
    if unknown := sorted(set(recipe.thresholds) - set(recipe.filters)):
        what = f"the threshold {unknown[0]!r} has no filter of that name"
        raise UserError(what, where=f"{where}: thresholds.{unknown[0]}", todo="add the filter to `filters`")
    resolving = enumerate(zip(recipe.sources, families, strict=True))
    sources = tuple(_resolve(source, family, recipe.seed, f"{where}: sources.{i}") for i, (source, family) in resolving)
    resolved = recipe.model_copy(update={"sources": sources})
    return Plan(resolved, _ingredients(resolved, families))


def rank(counts: tuple[int, ...], source: int, index: int) -> int:
    """Position of a sample in the whole order, from 0.

    Sample j of n stands at (2j + 1) / 2n of the corpus, ties by source: even spacing, all in integers. The rank is how many stand before
    it.
    """
    return sum(_before(counts[other], 2 * index + 1, counts[source], other < source) for other in range(len(counts)) if counts[other])


def _before(count: int, numerator: int, denominator: int, ties: bool) -> int:
    """How many j satisfy (2j + 1) / count < numerator / denominator (<= with `ties`), all j being below `count`."""
    x = numerator * count  # (2j + 1) * denominator < x
    number = (x + denominator) // (2 * denominator) if ties else (x + denominator - 1) // (2 * denominator)
    return min(number, count)


def _indices_between(counts: tuple[int, ...], source: int, low: int, high: int) -> Iterator[int]:
    """Indices of a source whose rank lies in [low, high): found by bisection, as ranks rise with the index."""
    first, last = 0, counts[source]
    while first < last:
        middle = (first + last) // 2
        if rank(counts, source, middle) < low:
            first = middle + 1
        else:
            last = middle
    while first < counts[source] and rank(counts, source, first) < high:
        yield first
        first += 1


def _family(source: Source, where: str) -> AnyFamily:
    family = load_family(source.family, source.params, where)
    try:
        return cast(AnyFamily, family.pin()) if isinstance(family, HasAssets) else family
    except UserError as error:
        raise located(error, where) from error


def _resolve(source: Source, family: AnyFamily, seed: int, where: str) -> Source:
    """The source with every parameter written out and a count instead of tokens."""
    count = source.count if source.tokens is None else _count_for(source, source.tokens, family, seed, where)
    return source.model_copy(update={"params": family_params(family), "count": count, "tokens": None})


def _count_for(source: Source, tokens: int, family: AnyFamily, seed: int, where: str) -> int:
    """Samples that hold about `tokens` tokens, going by those of the pilot that can be made."""

    def pilot(index: int) -> Sample:
        return check_storable(make_sample(family, source.family, index, seed, source=source.name))

    tried = [attempt(partial(pilot, index)) for index in range(PILOT_SAMPLES)]
    found = [made.text_tokens + made.vision_tokens for made in tried if isinstance(made, Sample)]
    failures = [f"{made.reason}: {made.detail}" for made in tried if isinstance(made, Failure)]
    if failures and found:
        what = "%d of the first %d samples of %r could not be made, so tokens are counted from the others: %s"
        _LOG.warning(what, len(failures), PILOT_SAMPLES, source.name, failures[0])
    if not found:
        raise UserError(
            f"none of the first {PILOT_SAMPLES} samples of {source.name!r} could be made, so {tokens} tokens cannot be turned into a "
            f"count: {failures[0]}",
            where=where,
            todo="mend the source, or give `count` instead of `tokens`",
        )
    return ceil(tokens * len(found) / sum(found))


def _ingredients(recipe: Recipe, families: list[AnyFamily]) -> Ingredients:
    # By source, because two sources may each have an `a.pdf` and both must count.
    assets = {
        f"{source.name}/{asset.name}": asset.sha256
        for source, family in zip(recipe.sources, families, strict=True)
        if isinstance(family, HasAssets)
        for asset in family.assets()
    }
    versions = {source.family: family.version for source, family in zip(recipe.sources, families, strict=True)}
    return Ingredients(versions, dict(sorted(assets.items())), library_versions())


def explain_difference(old: dict[str, Any], new: dict[str, Any], path: str = "") -> list[str]:
    """Each place where two plan documents differ, one line each: `recipe.seed: 1 -> 2`."""
    lines = []
    for key in sorted(set(old) | set(new)):
        place, before, after = f"{path}{key}", old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            lines += explain_difference(before, after, f"{place}.")
        elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after) and before != after:
            pairs = zip(before, after, strict=True)
            lines += [line for i, (b, a) in enumerate(pairs) for line in explain_difference({f"{key}.{i}": b}, {f"{key}.{i}": a}, path)]
        elif before != after:
            lines.append(f"{place}: {_shown(before)} -> {_shown(after)}")
    return lines


def _shown(value: object) -> str:
    return "(nothing)" if value is None else shortened(canonical_json(value), 80)
