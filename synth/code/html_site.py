"""The files of an HTML file's site: what it may read, from where, and the file drawn as it is, with them."""

import errno
import posixpath
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from schemas.errors import DataError
from schemas.sample import sha256_hex
from synth.assets import Asset, read_asset
from synth.browser.page import ADDRESS, Document, Drawn
from synth.code.html_file_clean import MAX_BYTES, split_address
from synth.code.web_run import draw_whole

BESIDE = "beside the page"
"""Source of an asset that a page uses."""
TYPES = {
    ".css": "text/css",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
}
"""What a page may be given of its site."""
_HEAD = re.compile(r"<head\b[^>]*>|(?=<(?:meta|title|link|style|body)\b)", re.IGNORECASE)


class Site:
    """Files of a page's site; none from outside its folder, and none from elsewhere.

    Attributes:
        used: What was read, in order, each once.
    """

    def __init__(self, file: Asset, folder: str, pinned: Sequence[Asset] | None = None) -> None:
        """The site of a file: below `folder`, or below the file's own if that is empty; of a pinned list nothing else is there."""
        path = "" if "://" in file.path and not file.path.startswith("file://") else file.path.removeprefix("file://")
        self.folder = Path(path).parent.resolve() if path else None
        self.root = Path(folder).resolve() if folder and path else self.folder
        self.licence = file.licence
        self.used: list[Asset] = []
        self._pinned = None if pinned is None else {asset.path: asset for asset in pinned if asset.source == BESIDE}

    def read(self, address: str) -> bytes | None:
        """The bytes of what the page names; None if there is no such file, it is no sheet or picture, or too large.

        Raises:
            DataError: `missing_sheet` for a sheet beside a file behind a URI; `asset_changed`, `asset_missing`.
        """
        parts = split_address(address)
        suffix = PurePosixPath(parts.path).suffix.lower() if parts else ""
        if parts is None or parts.scheme or parts.netloc or suffix not in TYPES:
            return None
        if self.root is None or self.folder is None:
            if suffix != ".css":
                return None
            raise DataError("missing_sheet", f"{address} lies beside a file behind a URI: copy the site to a local folder first")
        named = unquote(parts.path)
        asset = self._named(self.root / named.lstrip("/") if named.startswith("/") else self.folder / posixpath.normpath(named))
        if asset is None:
            return None
        if asset not in self.used:
            self.used.append(asset)
        return read_asset(asset)

    def _named(self, path: Path) -> Asset | None:
        """What lies at a path; None if nothing does, or can: a page may name what no file system has."""
        try:
            path = path.resolve()
            return self._found(path) if self._pinned is None else self._pinned.get(str(path))
        except (ValueError, RuntimeError):  # a zero byte; links in a circle
            return None
        except OSError as error:
            if error.errno in (errno.ENAMETOOLONG, errno.ELOOP, errno.EACCES):
                return None
            raise

    def _found(self, path: Path) -> Asset | None:
        if self.root is None or not path.is_relative_to(self.root) or not path.is_file() or path.stat().st_size > MAX_BYTES:
            return None
        return Asset(str(path), sha256_hex(path.read_bytes()), self.licence, BESIDE, path.relative_to(self.root).as_posix())

    def close(self) -> None:
        """Let nothing be read that was not read before."""
        self._pinned = {asset.path: asset for asset in self.used}

    @property
    def base(self) -> str:
        """The folder of the page, as an address below the root of its site."""
        if self.root is None or self.folder is None or not self.folder.is_relative_to(self.root) or self.folder == self.root:
            return ADDRESS
        return f"{ADDRESS}{self.folder.relative_to(self.root).as_posix()}/"


def original(text: str, site: Site, width_px: int, height_px: int) -> Drawn:
    """The file as it is, with those sheets and pictures that were read; without scripts, which never run, and without what is elsewhere."""
    site.close()
    based = _HEAD.sub(lambda found: f'{found[0]}<base href="{site.base}">', text, count=1)

    def given(path: str) -> tuple[str, bytes] | None:
        data = site.read(f"/{path}")
        return None if data is None else (TYPES[PurePosixPath(urlsplit(path).path).suffix.lower()], data)

    return draw_whole(Document(based, given), width_px, height_px)
