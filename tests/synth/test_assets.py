"""Assets: which files a pattern names, and what happens when they change under a run."""

import gzip
from pathlib import Path

import pytest

from schemas.errors import DataError, UserError
from synth.assets import read_asset, resolve, unpack


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.pdf", "a.pdf", "sub/c.pdf", "note.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def test_globs_are_sorted_and_take_files_only(folder: Path) -> None:
    (folder / "d.pdf").mkdir()
    assert [asset.name for asset in resolve(f"{folder}/*.pdf")] == ["a.pdf", "b.pdf"]  # catches: directory order, folders taken for files
    assert [asset.name for asset in resolve(f"{folder}/**/*.pdf")] == ["a.pdf", "b.pdf", "sub/c.pdf"]


def test_file_uri_and_plain_path_name_the_same_file(folder: Path) -> None:
    (plain,), (uri,) = resolve(f"{folder}/a.pdf", "MIT"), resolve(f"file://{folder}/a.pdf", "MIT")
    assert (plain.path, plain.sha256, plain.licence) == (uri.path, uri.sha256, "MIT")
    assert plain.use().sha256 == plain.sha256


@pytest.mark.parametrize("pattern", ["", "nowhere/*.pdf", "nowhere.pdf", "https://example.org/a.pdf", "xyz://a/b.pdf"])
def test_patterns_that_name_nothing_are_the_users_mistake(pattern: str) -> None:
    with pytest.raises(UserError) as caught:
        resolve(pattern)
    assert caught.value.todo


def test_a_file_that_goes_away_fails_its_samples(folder: Path) -> None:
    (asset,) = resolve(f"{folder}/a.pdf")
    (folder / "a.pdf").unlink()
    with pytest.raises(DataError, match="asset_missing"):
        read_asset(asset)


def test_a_file_that_changes_fails_its_samples(folder: Path) -> None:
    (asset,) = resolve(f"{folder}/a.pdf")
    (folder / "a.pdf").write_bytes(b"other")
    with pytest.raises(DataError, match="asset_changed"):
        read_asset(asset)


def test_gzip_is_unpacked_and_hashed_as_stored(tmp_path: Path) -> None:
    (tmp_path / "a.pdf.gz").write_bytes(gzip.compress(b"hello", mtime=0))
    (asset,) = resolve(f"{tmp_path}/a.pdf.gz")
    assert read_asset(asset) == b"hello"


@pytest.mark.parametrize(
    ("data", "reason"),
    [(gzip.compress(bytes(10_000)), "too_large"), (gzip.compress(b"x" * 99)[:-9], "truncated"), (b"no gzip", "truncated")],
)
def test_bad_gzip_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(DataError) as caught:
        unpack(data, "a.gz", limit=1_000)
    assert caught.value.reason == reason


@pytest.mark.parametrize("pattern", ["./docs/**/*.pdf", "docs/**/*.pdf", "~/docs/**/*.pdf"])
def test_a_relative_pattern_is_read_from_another_folder(pattern: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches paths that depend on the folder a process runs in, and names that say where the files lie."""
    for name in ("a.pdf", "docs/a.pdf"):
        (tmp_path / "docs" / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / "docs" / name).write_bytes(name.encode())
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assets = resolve(pattern)
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert [asset.name for asset in assets] == ["a.pdf", "docs/a.pdf"]
    assert [read_asset(asset).decode() for asset in assets] == ["a.pdf", "docs/a.pdf"]
    assert all(asset.use().source == pattern and str(tmp_path) not in asset.use().name for asset in assets)
