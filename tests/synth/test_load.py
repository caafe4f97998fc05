"""Families are found by name, their parameters are checked, and no name reaches anything but a family."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import synth
from schemas.errors import UserError
from schemas.sample import Stored
from synth.load import family_class, family_params, known_families, load_family, truth_type

FAMILY = '''
from dataclasses import dataclass
from typing import ClassVar, Literal

@dataclass(frozen=True)
class Truth:
    word: str

class Helper:
    version = 3

@dataclass(frozen=True, slots=True)
class Toy:
    """A toy."""

    version: ClassVar[int] = 1
    pages: int = 2
    sizes: tuple[int, ...] = (1, 2)
    layout: Literal["one", "two"] = "one"

    def __post_init__(self) -> None:
        if self.pages > 99:
            raise ValueError(f"pages is {self.pages}; at most 99 fit")

    def sample_truth(self, index, rng) -> Truth: ...
    def render(self, truth, rng): ...
    def write_turns(self, truth, rendering, rng): ...
    def verify(self, stored, turns, truth): ...
'''


@pytest.fixture(autouse=True)
def toy_families(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folder = tmp_path / "toys_for_test"
    folder.mkdir()
    (folder / "toy.py").write_text(FAMILY)
    (folder / "helper.py").write_text("from synth.toys_for_test.toy import Toy\n")
    monkeypatch.setattr(synth, "__path__", [*synth.__path__, str(tmp_path)])
    known_families.cache_clear()
    yield
    known_families.cache_clear()


def mistake(name: str, **params: object) -> UserError:
    with pytest.raises(UserError) as error:
        load_family(name, params, "demo.yaml: sources.0")
    return error.value


def test_finds_families_and_nothing_else() -> None:
    """Catches modules that only import a family, helpers with a version, and folders outside synth."""
    assert "toys_for_test.toy" in known_families()
    assert "toys_for_test.helper" not in known_families()
    assert list(known_families()) == sorted(known_families())


def test_every_known_family_has_its_class() -> None:
    """Catches a module that parses as a family but does not import as one."""
    for name in known_families():
        assert family_class(name).__module__ == f"synth.{name}"


def test_parameters_are_filled_in_and_checked() -> None:
    """Catches defaults lost from the resolved recipe, and YAML lists refused for tuples."""
    family = load_family("toys_for_test.toy", {"sizes": [3]})
    assert family_params(family) == {"pages": 2, "sizes": [3], "layout": "one"}
    assert truth_type(family).__name__ == "Truth"
    assert isinstance(family.version, int)
    assert family.verify(Stored((), (), ()), (), None) is None


@pytest.mark.parametrize(
    ("params", "where", "what"),
    [
        ({"pagse": 3}, "params.pagse", "unknown key 'pagse' with the value 3"),
        ({"version": 9}, "params.version", "unknown key 'version'"),
        ({"pages": "3"}, "params.pages", 'pages is "3"'),
        ({"pages": 3.5}, "params.pages", "pages is 3.5"),
        ({"sizes": [1, "x"]}, "params.sizes.1", 'sizes.1 is "x"'),
        ({"sizes": 3}, "params.sizes", "sizes is 3, which is not a list"),
        ({"sizes": "ten"}, "params.sizes", 'sizes is "ten", which is not a list'),
        ({"layout": "three"}, "params.layout", 'layout is "three"'),
        ({"pages": 100}, "params", "pages is 100; at most 99 fit"),
    ],
)
def test_each_wrong_parameter_is_named(params: dict[str, object], where: str, what: str) -> None:
    """Each row is one planted mistake in `params`."""
    error = mistake("toys_for_test.toy", **params)
    assert error.where == f"demo.yaml: sources.0.{where}"
    assert what in error.what
    assert error.todo


def test_unknown_family_lists_the_known() -> None:
    """Catches an ImportError in place of an explanation."""
    error = mistake("toys_for_test.toi")
    assert error.todo.startswith("did you mean 'toys_for_test.toy'? families: ")


@pytest.mark.parametrize(
    "name", ["os.path", "toys_for_test.helper", "../synth.load", "toys_for_test.toy;x", "load", "toys_for_test/toy", ""]
)
def test_names_reach_nothing_but_families(name: str) -> None:
    """Each row is a name that would import something else."""
    assert "there is no family" in mistake(name).what


@pytest.mark.parametrize(("value", "todo"), [(20, "write [20]"), ("ten", "give a list of whole numbers, such as [1,2]")])
def test_what_to_write_in_place_of_a_list_can_be_written(value: object, todo: str) -> None:
    """Catches the advice to write ["ten"], which is refused next."""
    assert mistake("toys_for_test.toy", sizes=value).todo == todo


def test_the_nearest_of_few_allowed_values_is_proposed() -> None:
    assert mistake("toys_for_test.toy", layout="tow").todo == "did you mean 'two'?"
