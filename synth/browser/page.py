"""Draws pages: HTML in, picture and layout out. One browser a process and one tab, used again for every page.

No script runs, no request leaves: the browser has no network, what it asks for is answered here (from `Document.files`, or refused), and a
policy in the page's own header forbids scripts and frames. A browser that crashed or hangs is replaced and the page tried again.
"""

import atexit
import base64
import errno
import io
import itertools
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from zlib_ng import zlib_ng

from schemas.errors import DataError
from synth.browser.devtools import BrowserLostError, CommandError, Devtools, Message
from synth.browser.snapshot import STYLES, Snapshot, read_snapshot

Done = TypeVar("Done")
ADDRESS = "http://page.invalid/"
"""Where the page seems to be; `.invalid` is no host (RFC 2606)."""
POLICY = "default-src 'none'; style-src 'unsafe-inline' http://page.invalid; img-src data: http://page.invalid; font-src data: http://page.invalid"
MAX_HTML_BYTES = 4 << 20
MAX_ASKED, MAX_ASKED_BYTES = 200, 32 << 20
"""Files that a page may ask for, and their bytes (chosen)."""
MAX_NODES = 20_000
"""Elements of a page that is read (chosen: the longest of our templates has 3,000)."""
MAX_AREA_PX = 8_000_000
WITHIN_S = 20.0
"""Seconds for each answer; a page of 20,000 nodes takes 2 (measured), so that a busy machine has time to spare."""
ATTEMPTS = 3
_ASKS = re.compile(
    r"url\(|@import|<(?:img|link|object|embed|iframe|frame|video|audio|source|image|base|meta\s+http-equiv)\b", re.IGNORECASE
)
"""What makes a page ask for more than itself, or load it later."""
PAGES_A_BROWSER = 1_000
"""Pages after which a browser is replaced, whatever it holds (chosen; memory is level long before)."""


@dataclass(frozen=True, slots=True)
class Document:
    """A page's source.

    Attributes:
        html: Text, or bytes whose encoding the browser finds as it does.
        files: Content type and bytes of a path below the page's address, or None if there is no such file; None if the page has no files.
    """

    html: str | bytes
    files: Callable[[str], tuple[str, bytes] | None] | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawn page: its layout, and its picture, (height, width, 3), if it was wanted."""

    snapshot: Snapshot
    pixels: NDArray[np.uint8]


def read_png(data: bytes) -> NDArray[np.uint8]:
    """A picture's pixels, (height, width, 3).

    Chromium's own pictures have 8 bits a channel and rows as differences from the row above (filter 2 of PNG 1.2, 6.4), which zlib-ng
    and one sum a row read in half of Pillow's time; others go to Pillow.
    """
    if data[24:29] == b"\x08\x02\x00\x00\x00":  # 8 bits, RGB, deflate, no interlacing
        width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
        parts, at = [], 8
        while at < len(data):
            size = int.from_bytes(data[at : at + 4], "big")
            if data[at + 4 : at + 8] == b"IDAT":
                parts.append(data[at + 8 : at + 8 + size])
            at += size + 12
        rows = np.frombuffer(zlib_ng.decompress(b"".join(parts)), np.uint8).reshape(height, 1 + 3 * width)
        if (rows[:, 0] == 2).all():
            pixels = rows[:, 1:].copy()
            for above, row in itertools.pairwise(pixels):  # row by row: numpy.add.accumulate down columns is no faster than Pillow
                np.add(row, above, out=row)
            return pixels.reshape(height, width, 3)
    with PillowImage.open(io.BytesIO(data)) as picture:
        return np.asarray(picture.convert("RGB"))


@dataclass(frozen=True, slots=True)
class UsedStyle:
    """A style element's text, and from where to where in it the rules stand that apply to something."""

    text: str
    used: tuple[tuple[int, int], ...]


class Browser:
    """A browser with one tab."""

    def __init__(self) -> None:
        self.devtools = Devtools()
        self.pages, self._size = 0, (0, 0)
        try:
            self._open_tab()
        except BrowserLostError:
            self.devtools.close()
            raise

    def _open_tab(self) -> None:
        target = self.devtools.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._session = self.devtools.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        self._frame = self._call("Page.getFrameTree")["frameTree"]["frame"]["id"]
        for domain in ("Page", "DOMSnapshot", "Inspector"):
            self._call(f"{domain}.enable")
        self._call("Emulation.setScriptExecutionDisabled", {"value": True})
        media = [{"name": "prefers-reduced-motion", "value": "reduce"}, {"name": "prefers-color-scheme", "value": "light"}]
        self._call("Emulation.setEmulatedMedia", {"features": media})
        self.devtools.heard = self._refuse
        self._call("Fetch.enable", {"patterns": [{"urlPattern": "*"}]})

    def _call(self, method: str, params: Message | None = None) -> Message:
        return self.devtools.call(method, params, session=self._session, within_s=WITHIN_S)

    def draw(self, document: Document, width_px: int, height_px: int, *, picture: bool) -> Drawn:
        """One page at a size; `draw_page` says what is raised."""
        self.pages += 1
        self._resize(width_px, height_px)
        self._load(document)
        captured = self._call(
            "DOMSnapshot.captureSnapshot", {"computedStyles": list(STYLES), "includeDOMRects": True, "includePaintOrder": False}
        )
        nodes = len(captured["documents"][0]["nodes"]["nodeType"])
        if nodes > MAX_NODES:
            raise DataError("too_many_nodes", f"the page has {nodes:,} nodes, more than {MAX_NODES:,}")
        pixels = self._picture(width_px, height_px) if picture else np.zeros((0, 0, 3), np.uint8)
        return Drawn(read_snapshot(captured), pixels)

    def _resize(self, width_px: int, height_px: int) -> None:
        if (width_px, height_px) != self._size:
            self._load(Document("<!DOCTYPE html>"))  # or the page before would be laid out once more
            size: Message = {"width": width_px, "height": height_px, "deviceScaleFactor": 1, "mobile": False}
            self._call("Emulation.setDeviceMetricsOverride", size)
            self._size = (width_px, height_px)

    def _load(self, document: Document) -> None:
        """Load the page and all that it asks for; one that asks for nothing needs no journey, which takes twice the time."""
        if isinstance(document.html, str) and document.files is None and not _ASKS.search(document.html):
            self._call("Page.setDocumentContent", {"frameId": self._frame, "html": document.html})
            return
        html = document.html.encode() if isinstance(document.html, str) else document.html
        charset = "; charset=utf-8" if isinstance(document.html, str) else ""
        self.devtools.events.clear()
        number = self.devtools.send("Page.navigate", {"url": ADDRESS}, session=self._session, within_s=WITHIN_S)
        asked, size, served = 0, 0, False
        for message in self.devtools.messages(WITHIN_S):
            if message.get("id") == number and ("error" in message or message["result"].get("errorText")):
                raise CommandError(f"Page.navigate: {message.get('error') or message['result']['errorText']}")
            method = message.get("method", "")
            if method == "Fetch.requestPaused":
                url, request = message["params"]["request"]["url"], message["params"]["requestId"]
                found: tuple[str, bytes] | None = None
                if not served and url == ADDRESS and message["params"]["resourceType"] == "Document":  # not an icon of the page before
                    found, served = (f"text/html{charset}", html), True
                elif document.files is not None and url.startswith(ADDRESS) and asked < MAX_ASKED:
                    asked, found = asked + 1, document.files(url.removeprefix(ADDRESS))
                    size += len(found[1]) if found else 0
                self._answer(request, found if size <= MAX_ASKED_BYTES else None)
            elif method == "Page.loadEventFired":
                return
            elif method:
                self.devtools.events.append(message)

    def _refuse(self, event: Message) -> None:
        """What a page asks for after it was loaded, or without a journey, it does not get; unanswered, it would hold up all else."""
        if event["method"] == "Fetch.requestPaused":
            self._answer(event["params"]["requestId"], None)

    def _answer(self, request: str, found: tuple[str, bytes] | None) -> None:
        if found is None:  # aborted, not denied: of a denied journey the browser shows a page of its own
            self._send("Fetch.failRequest", {"requestId": request, "errorReason": "Aborted"})
            return
        headers = {"Content-Type": found[0], "Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
        params: dict[str, Any] = {"requestId": request, "responseCode": 200, "body": base64.b64encode(found[1]).decode()}
        params["responseHeaders"] = [{"name": name, "value": value} for name, value in headers.items()]
        self._send("Fetch.fulfillRequest", params)

    def _send(self, method: str, params: Message) -> None:
        self.devtools.send(method, params, session=self._session, within_s=WITHIN_S)

    def _picture(self, width_px: int, height_px: int) -> NDArray[np.uint8]:
        shot = self._call("Page.captureScreenshot", {"format": "png", "optimizeForSpeed": True, "fromSurface": True})
        pixels = read_png(base64.b64decode(shot["data"]))
        if pixels.shape != (height_px, width_px, 3):
            raise BrowserLostError(f"the picture is {pixels.shape}, not of {width_px} x {height_px} pixels")
        return pixels

    def used_styles(self, html: str, width_px: int, height_px: int) -> list[UsedStyle]:
        """The style elements of a page in document order, with the places of the rules that apply to something."""
        self.pages += 1
        self._resize(width_px, height_px)
        self._load(Document("<!DOCTYPE html><title></title>"))
        for method in ("DOM.enable", "CSS.enable", "CSS.startRuleUsageTracking"):
            self._call(method)
        self.devtools.events.clear()
        self._load(Document(html))
        self._call("DOMSnapshot.captureSnapshot", {"computedStyles": []})  # has all styles resolved
        usage = self._call("CSS.stopRuleUsageTracking")["ruleUsage"]
        headers = [one["params"]["header"] for one in self.devtools.events if one["method"] == "CSS.styleSheetAdded"]
        found = []
        for header in sorted(headers, key=lambda header: (header["startLine"], header["startColumn"])):
            name = header["styleSheetId"]
            text = self._call("CSS.getStyleSheetText", {"styleSheetId": name})["text"]
            ranges = [(int(one["startOffset"]), int(one["endOffset"])) for one in usage if one["styleSheetId"] == name and one["used"]]
            found.append(UsedStyle(text, tuple(sorted(ranges))))
        for method in ("CSS.disable", "DOM.disable"):
            self._call(method)
        return found

    def close(self) -> None:
        """End it."""
        self.devtools.close()


REFERENCE = Document("<!DOCTYPE html><title></title>" + "<p>x</p>" * (MAX_NODES // 2 - 10))
"""A page as long as any that is read. Where it is drawn within `REFERENCE_S`, what takes longer than `WITHIN_S` is the page's doing."""
REFERENCE_S = WITHIN_S / 2
_KEPT: list[Browser] = []


def draw_page(document: Document, width_px: int, height_px: int, *, picture: bool = True) -> Drawn:
    """Draw a page in a window of this size.

    Raises:
        DataError: `too_large`, `too_many_nodes`; `page_crashes` if it ended three browsers; `page_time` if three did not answer while
            `REFERENCE` is drawn.
        NotInstalledError: There is no browser.
        OSError: EIO, nor was that: the machine's trouble, so that the same attempt may be made again.
    """
    _check_size(document.html)
    if width_px * height_px > MAX_AREA_PX:
        raise DataError("too_large", f"the page is {width_px} x {height_px} pixels, more than {MAX_AREA_PX:,} in all")
    return _attempt(lambda browser: browser.draw(document, width_px, height_px, picture=picture))


def used_styles(html: str, width_px: int, height_px: int) -> list[UsedStyle]:
    """Which rules of a page's style elements apply in a window of this size; raises what `draw_page` raises."""
    _check_size(html)
    return _attempt(lambda browser: browser.used_styles(html, width_px, height_px))


def _check_size(html: str | bytes) -> None:
    if len(html) > MAX_HTML_BYTES:
        raise DataError("too_large", f"the page has {len(html):,} bytes, more than {MAX_HTML_BYTES:,}")


def _attempt(work: Callable[[Browser], Done]) -> Done:
    said: list[BrowserLostError] = []
    for _ in range(ATTEMPTS):
        try:
            return work(_browser())
        except BrowserLostError as error:
            said.append(error)
            close_browser()
        except CommandError as error:  # what the browser still tracks or shows is unknown
            close_browser()
            raise DataError("page_crashes", f"the browser refused the page: {error}") from error
    if any(error.timed_out for error in said):
        if _machine_draws():
            raise DataError("page_time", f"the page was not drawn in {ATTEMPTS} attempts, and another one was: {said[-1]}")
        raise OSError(errno.EIO, f"Chromium did not draw a page in {ATTEMPTS} attempts: {said[-1]}")
    raise DataError("page_crashes", f"the page ended {ATTEMPTS} browsers: {said[-1]}")


def _machine_draws() -> bool:
    """Whether the largest page is drawn in time here and now."""
    try:
        browser = _browser()
        started = time.monotonic()
        browser.draw(REFERENCE, 1280, 800, picture=True)
    except BrowserLostError:
        close_browser()
        return False
    return time.monotonic() - started < REFERENCE_S


def close_browser() -> None:
    """End this process's browser; the next page starts another."""
    while _KEPT:
        _KEPT.pop().close()


def _browser() -> Browser:
    if _KEPT and (_KEPT[0].devtools.owner != os.getpid() or _KEPT[0].pages >= PAGES_A_BROWSER):
        close_browser()
    if not _KEPT:
        _KEPT.append(Browser())
    return _KEPT[0]


atexit.register(close_browser)
