"""Lists what this installation has: families with their parameters, and font files and asset packs with licences and hashes."""

import inspect
import re
from dataclasses import MISSING, fields
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any, get_type_hints

from schemas.canonical import canonical_json
from schemas.shard import file_sha256
from synth.libraries import FONT_PACKAGES
from synth.load import family_class, known_families, type_text

ATTRIBUTE = re.compile(r" {4}(\w+): (.*)")
PINNED = "pinned"
"""The parameter that the plan fills in, with the files as they were (`schemas.family.HasAssets`); nobody writes it."""
FONT_SUFFIXES = (".ttf", ".otf", ".ttc")


def list_families() -> list[dict[str, Any]]:
    """Name, version, first sentence of the documentation, and parameters with defaults of every family."""
    return [_family(name) for name in known_families()]


def describe_family(name: str) -> dict[str, Any]:
    """One family with the type, default and meaning of each parameter; UserError if there is none of that name."""
    cls, listed = family_class(name), _family(name)
    hints, meanings = get_type_hints(cls), attribute_docs(cls)
    parameters = [
        {"name": key, "type": type_text(hints[key]), "default": default, "about": meanings.get(key, "")}
        for key, default in listed["parameters"].items()
    ]
    return listed | {"parameters": parameters}


def attribute_docs(cls: type[Any]) -> dict[str, str]:
    """What the `Attributes:` section of a class's documentation says of each."""
    found: dict[str, str] = {}
    section = (inspect.getdoc(cls) or "").partition("Attributes:\n")[2]
    for line in section.splitlines():
        begins = ATTRIBUTE.match(line)
        if begins:
            found[begins[1]] = begins[2]
        elif line.startswith("     ") and found:  # indented further: the attribute before goes on
            found[list(found)[-1]] += f" {line.strip()}"
        elif line.strip():
            break
    return found


def list_assets() -> list[dict[str, Any]]:
    """Every font file of the installed font packages: name, package and version, licence, SHA-256."""
    found = []
    for distribution in sorted(distributions(), key=lambda d: d.metadata["Name"].lower()):
        if FONT_PACKAGES.fullmatch(distribution.metadata["Name"].lower().replace("_", "-")):
            found += [_font(distribution, path) for path in _font_files(distribution)]
    return found


def _family(name: str) -> dict[str, Any]:
    cls = family_class(name)
    about = (inspect.getdoc(cls) or "").partition("\n\n")[0].replace("\n", " ")
    parameters = {}
    for field in fields(cls):
        if field.init and field.name != PINNED:
            default = (
                field.default if field.default is not MISSING else field.default_factory() if field.default_factory is not MISSING else None
            )
            parameters[field.name] = "required" if default is None and field.default is MISSING else canonical_json(default)
    return {"name": name, "version": cls.version, "about": about, "parameters": parameters}


def _font_files(distribution: Distribution) -> list[Path]:
    paths = [Path(str(distribution.locate_file(file))) for file in distribution.files or []]
    return sorted(path for path in paths if path.suffix.lower() in FONT_SUFFIXES)


def _font(distribution: Distribution, path: Path) -> dict[str, Any]:
    package = f"{distribution.metadata['Name']} {distribution.version}"
    return {"name": path.name, "source": package, "licence": _licence(distribution), "sha256": file_sha256(path)}


def _licence(distribution: Distribution) -> str:
    """The package's licence as it states it: SPDX expression, free text, or classifier."""
    metadata = distribution.metadata
    stated = next((metadata[key] for key in ("License-Expression", "License") if key in metadata), "")
    classifiers = [value.rpartition(" :: ")[2] for value in metadata.get_all("Classifier") or [] if value.startswith("License ::")]
    return stated.partition("\n")[0] or ", ".join(classifiers) or "not stated"
