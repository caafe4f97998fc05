"""Recipes: what is written is what is read, and every mistake is named by its path."""

from pathlib import Path

import pytest

from schemas.errors import UserError
from schemas.recipe import Recipe, load_recipe, parse_recipe

GOOD = """
seed: 7
sources:
  - family: documents.report
    params: {pages: 3, languages: [en, de]}
    count: 12
  - family: documents.report
    name: long
    tokens: 100000
thresholds: {sharpness: 1}
"""


def mistake(text: str, *overrides: str) -> UserError:
    with pytest.raises(UserError) as error:
        parse_recipe(text, "demo.yaml", overrides)
    return error.value


def test_reads_and_resolves(tmp_path: Path) -> None:
    """Catches a default left out of the resolved recipe, which would leave it out of the fingerprint."""
    (tmp_path / "demo.yaml").write_text(GOOD)
    recipe = load_recipe(tmp_path / "demo.yaml")
    assert [source.name for source in recipe.sources] == ["documents.report", "long"]
    assert recipe.sources[0].params == {"pages": 3, "languages": ["en", "de"]}
    assert recipe.resolved() == {
        "seed": 7,
        "sources": [
            {
                "family": "documents.report",
                "name": "documents.report",
                "params": {"pages": 3, "languages": ["en", "de"]},
                "count": 12,
                "tokens": None,
            },
            {"family": "documents.report", "name": "long", "params": {}, "count": None, "tokens": 100000},
        ],
        "filters": [],
        "samples_per_shard": 8,
        "thresholds": {"sharpness": 1.0},
    }
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe


def test_misspelled_key_names_path_value_and_nearest_key() -> None:
    """Catches an ignored key, the mistake that costs a corpus."""
    error = mistake(GOOD.replace("count: 12", "cuont: 12"))
    assert error.what == "unknown key 'cuont' with the value 12"
    assert error.where == "demo.yaml: sources.0.cuont"
    assert error.todo.startswith("did you mean 'count'? known keys: family, ")


def test_a_wrong_source_is_one_mistake() -> None:
    """The list of sources does not count as empty because of it."""
    with pytest.raises(UserError) as caught:
        parse_recipe("seed: 1\nsources:\n  - {count: 4}\n", "demo.yaml")
    assert str(caught.value).startswith("the key 'family' is missing\n")
    with pytest.raises(UserError, match="at least 1 item"):
        parse_recipe("seed: 1\nsources: []\n", "demo.yaml")


@pytest.mark.parametrize(
    ("old", "new", "where", "what"),
    [
        ("seed: 7", "", "demo.yaml: seed", "'seed' is missing"),
        ("seed: 7", "seed: '7'", "demo.yaml: seed", "seed is '7'"),
        ("seed: 7", "seed: true", "demo.yaml: seed", "seed is True"),
        ("seed: 7", "seed: 18446744073709551616", "demo.yaml: seed", "less than"),
        ("count: 12", "count: -1", "demo.yaml: sources.0.count", "greater than or equal to 0"),
        ("count: 12", "", "demo.yaml: sources.0", "exactly one of count and tokens"),
        ("count: 12", "{count: 12, tokens: 5}", "demo.yaml, line", "not valid YAML"),
        ("tokens: 100000", "tokens: 1\n    count: 1", "demo.yaml: sources.1", "exactly one of count and tokens"),
        ("name: long", "name: documents.report", "demo.yaml", "two sources are named 'documents.report'"),
        ("family: documents.report\n    params", "family: ../evil\n    params", "demo.yaml: sources.0.family", "'../evil'"),
        ("family: documents.report\n    params", "family: report\n    params", "demo.yaml: sources.0.family", "'report'"),
        ("seed: 7", "seed: 7\nseed: 8", "demo.yaml, line 3, column 1", "'seed' is given twice"),
        ("count: 12", "count: 12\n    count: 13", "demo.yaml, line 7, column 5", "'count' is given twice"),
        ("pages: 3", "day: 2020-01-01", "demo.yaml", "sources.0.params.day is datetime.date(2020, 1, 1)"),
        ("pages: 3", "ratio: .nan", "demo.yaml", "sources.0.params.ratio is nan"),
        ("seed: 7", "seed: [", "demo.yaml, line", "not valid YAML"),
        ("seed: 7", "seed: !!python/object/apply:os.getcwd []", "demo.yaml, line 2", "could not determine a constructor"),
        ("sharpness: 1", "sharpness: high", "demo.yaml: thresholds.sharpness", "'high'"),
        ("thresholds:", "samples_per_shard: 0\nthresholds:", "demo.yaml: samples_per_shard", "is 0"),
    ],
)
def test_each_mistake_is_named(old: str, new: str, where: str, what: str) -> None:
    """Each row is one planted mistake; the error must say where it is and what was found."""
    assert old in GOOD
    error = mistake(GOOD.replace(old, new, 1))
    assert error.where.startswith(where)
    assert what in error.what
    assert error.todo


def test_overrides_are_parsed_as_yaml() -> None:
    """Catches overrides applied to the wrong source, kept as text, or lost."""
    overrides = ["seed=9", "sources.1.tokens=null", "sources.1.count=2", "sources.0.params.languages=[fr]", "filters=[sharpness]"]
    recipe = parse_recipe(GOOD, "demo.yaml", overrides)
    assert (recipe.seed, recipe.sources[1].count, recipe.sources[1].tokens, recipe.filters) == (9, 2, None, ("sharpness",))
    assert recipe.sources[0].params["languages"] == ["fr"]


def test_every_mistake_is_said() -> None:
    """Catches a user who mends one mistake a run."""
    text = str(mistake(GOOD.replace("seed: 7", "sed: 7").replace("count: 12", "cuont: 12")))
    assert text.startswith("3 mistakes:")
    for place in ("demo.yaml: sed", "demo.yaml: seed", "demo.yaml: sources.0.cuont"):
        assert f"where: {place}\n" in text
    assert "did you mean 'seed'?" in text
    assert "did you mean 'count'?" in text


@pytest.mark.parametrize("there", ["{pixels.contrast: 0.1}", "{pixels: 1}", "{}"])
def test_an_override_reaches_a_name_with_dots(there: str) -> None:
    """Catches a path that is cut at every dot."""
    text = GOOD[: GOOD.index("thresholds:")] + f"thresholds: {there}\n"
    recipe = parse_recipe(text, "demo.yaml", ["thresholds.pixels.contrast=0.3"])
    assert recipe.thresholds["pixels.contrast"] == 0.3


@pytest.mark.parametrize(
    ("override", "what"),
    [
        ("seed", "not path=value"),
        ("=3", "not path=value"),
        ("sources.2.count=3", "sources has no item '2'"),
        ("sources.first.count=3", "sources has no item 'first'"),
        ("sorces.0.count=3", "the recipe has no key 'sorces'"),
        ("seed.x=3", "seed is 7, which has nothing inside"),
        ("seed=[", "not valid YAML"),
    ],
)
def test_wrong_overrides_are_named(override: str, what: str) -> None:
    """Catches an override that sets nothing without saying so."""
    error = mistake(GOOD, override)
    assert what in error.what
    assert error.where.startswith(f"--set {override}")


def test_misspelled_last_key_of_an_override_is_named() -> None:
    """Catches a new key slipped in by --set."""
    assert mistake(GOOD, "sources.0.cont=3").where == "demo.yaml: sources.0.cont"


def test_missing_file_and_wrong_shape() -> None:
    """Catches a traceback in place of an explanation."""
    with pytest.raises(UserError, match="cannot read the recipe"):
        load_recipe("nowhere.yaml")
    assert "a recipe is a mapping" in mistake("- a\n").what


@pytest.mark.parametrize("there", ["", "params:", "params: {}"])
def test_an_override_reaches_into_params_that_were_left_out(there: str) -> None:
    """Catches `sources.0 has no key 'params'`, which every source has, written or not."""
    text = f"seed: 1\nsources:\n  - family: a.b\n    count: 1\n    {there}\n"
    assert parse_recipe(text, "demo.yaml", ["sources.0.params.pages=3"]).sources[0].params == {"pages": 3}
    text = "seed: 1\nsources: [{family: a.b, count: 1}]"
    assert parse_recipe(text, "demo.yaml", ["thresholds.pixels.contrast=0.5"]).thresholds == {"pixels.contrast": 0.5}


def test_a_list_of_sources_is_told_where_it_belongs() -> None:
    """As README's fragments are."""
    error = mistake("  - family: documents.pdf\n    count: 20\n")
    assert error.what == "this is a list of sources, not a recipe"
    assert "`sources:`" in error.todo


@pytest.mark.parametrize(("text", "kind"), [("datasets: [{path: a}]", "mixture"), ("model: {}\ndata: {}", "training config")])
def test_another_kind_of_file_is_recognised(text: str, kind: str) -> None:
    assert mistake(text).what == f"this is a {kind}, not a recipe"
