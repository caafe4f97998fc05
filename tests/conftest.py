"""What all tests share: reproducible property tests, a quiet Ray, and `family_name`, which runs a test once for every family.

A test that asks for the fixture `family_name` is a contract: it runs for each family that `synth.load` finds, none of them named here.
`pytest --family documents.report` runs the contracts only, and only for that family.
"""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples on every run: a failure seen once can be seen again. No deadline, since CI machines stall.
settings.register_profile("assay", derandomize=True, deadline=None)
settings.load_profile("assay")

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--family", metavar="NAME", help="run the contract tests only, and only for this family")


def pytest_configure(config: pytest.Config) -> None:
    chosen: str | None = config.getoption("--family")
    if chosen and chosen not in family_names():
        raise pytest.UsageError(f"--family {chosen}: there is no such family; there are: {', '.join(family_names())}")


def family_names() -> tuple[str, ...]:
    from synth.load import known_families  # here, so that tests of other layers run while a family does not import

    return known_families()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "family_name" in metafunc.fixturenames:
        chosen: str | None = metafunc.config.getoption("--family")
        metafunc.parametrize("family_name", [chosen] if chosen else family_names())


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `--family`, modules without contracts are not even imported: some need torch, which `make family` does not install."""
    chosen = config.getoption("--family") and collection_path.suffix == ".py"
    return True if chosen and "family_name" not in collection_path.read_text(encoding="utf-8") else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--family"):
        return
    others = [item for item in items if "family_name" not in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]
