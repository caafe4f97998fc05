"""The browser: draws the same page twice alike, runs no script, reaches nothing, and is replaced when it crashes or hangs."""

import os
import signal
import socket
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from schemas.errors import DataError, NotInstalledError
from synth.browser import chromium, page
from synth.browser.chromium import find_chromium, no_browser
from synth.browser.devtools import BrowserLostError, CommandError
from synth.browser.page import Document, close_browser, draw_page
from synth.browser.typefaces import drawable

pytestmark = pytest.mark.skipif(bool(no_browser()), reason=no_browser())
HTML = "<!DOCTYPE html><html><body style='margin:20px;font:16px Roboto'><h1 id=a>Rain</h1><p>first line</p></body></html>"


@pytest.fixture(autouse=True)
def fresh_afterwards() -> Iterator[None]:
    yield
    close_browser()


def test_a_page_is_drawn_twice_alike_with_its_texts_and_styles() -> None:
    one, other = (draw_page(Document(HTML), 400, 300) for _ in range(2))
    assert (one.pixels == other.pixels).all()
    assert one.pixels.shape == (300, 400, 3)
    assert [text.text for text in one.snapshot.texts] == ["Rain", "first line"]
    heading = next(element for element in one.snapshot.elements if element.tag == "h1")
    assert heading.attributes == {"id": "a"}
    assert heading.style["font-size"] == "32px"
    (box, part) = one.snapshot.texts[0].lines[0]
    assert part == "Rain"
    assert (one.pixels[int(box[1]) : int(box[3]), int(box[0]) : int(box[2])] < 128).any()


def test_both_ways_of_loading_draw_the_same() -> None:
    style = "<style>/* url( */ h1 { color: red }</style>"  # what looks as if it asked for something is loaded by a journey
    short = draw_page(Document(HTML.replace("<body", "<style>h1 { color: red }</style><body")), 400, 300)
    long = draw_page(Document(HTML.replace("<body", f"{style}<body")), 400, 300)
    assert (short.pixels == long.pixels).all()


@pytest.mark.parametrize("filtered", [0, 2])
def test_pictures_are_read_as_pillow_reads_them(filtered: int) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (9, 7, 3), np.uint8)
    above = np.vstack([np.zeros((1, 7, 3), np.uint8), pixels[:-1]]) if filtered else np.zeros_like(pixels)
    rows = b"".join(bytes([filtered]) + row.tobytes() for row in pixels - above)
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 7, 9, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )
    assert (page.read_png(data) == pixels).all()


def test_what_was_drawn_before_does_not_matter() -> None:
    first = draw_page(Document(HTML), 400, 300).pixels
    draw_page(Document("<body style='background:red;height:5000px'><script>1</script><img src='x.png'>"), 800, 600)
    assert (draw_page(Document(HTML), 400, 300).pixels == first).all()


def test_no_script_runs() -> None:
    html = HTML.replace(
        "</body>",
        "<script>while (true) { document.body.innerHTML = 'ran' }</script><img src=x onerror=\"document.body.innerHTML = 'ran'\"></body>",
    )
    texts = [text.text for text in draw_page(Document(html), 400, 300).snapshot.texts]
    assert texts == ["Rain", "first line"]


def test_nothing_outside_is_asked_or_read() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)
        host = f"http://127.0.0.1:{server.getsockname()[1]}"
        addresses = [f"{host}/a.png", "https://example.org/a.png", "file:///usr/share/pixmaps", "ftp://example.org/a"]
        parts = "".join(f"<img src='{one}'><iframe src='{one}'></iframe><link rel=stylesheet href='{one}'>" for one in addresses)
        refresh = f"<meta http-equiv=refresh content='0;url={host}'>"
        drawn = draw_page(Document(HTML.replace("</body>", f"{parts}{refresh}</body>")), 400, 600)
        assert [text.text for text in drawn.snapshot.texts] == ["Rain", "first line"]
        with pytest.raises(TimeoutError):
            server.accept()


def test_files_of_a_page_come_from_the_caller_alone() -> None:
    asked: list[str] = []

    def files(path: str) -> tuple[str, bytes] | None:
        asked.append(path)
        return ("text/css", b"h1 { color: rgb(1, 2, 3) }") if path == "style.css" else None

    html = HTML.replace("<body", "<link rel=stylesheet href='style.css'><link rel=stylesheet href='other.css'><body")
    drawn = draw_page(Document(html, files), 400, 300)
    assert next(element for element in drawn.snapshot.elements if element.tag == "h1").style["color"] == "rgb(1, 2, 3)"
    assert sorted(asked) == ["other.css", "style.css"]


def test_a_crash_costs_the_attempt_alone() -> None:
    before = draw_page(Document(HTML), 400, 300).pixels
    os.killpg(page._KEPT[0].devtools._process, signal.SIGKILL)
    assert (draw_page(Document(HTML), 400, 300).pixels == before).all()


def test_a_browser_that_hangs_is_the_machines_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*_: object, **__: object) -> None:
        raise BrowserLostError("it did not answer", timed_out=True)

    monkeypatch.setattr(page.Browser, "_load", hang)
    with pytest.raises(OSError, match="did not draw a page in 3 attempts"):
        draw_page(Document(HTML), 400, 300)


def test_a_page_that_hangs_where_others_are_drawn_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    load = page.Browser._load

    def hang(self: page.Browser, document: Document) -> None:
        if "slow" in str(document.html):
            raise BrowserLostError("it did not answer", timed_out=True)
        load(self, document)

    monkeypatch.setattr(page.Browser, "_load", hang)
    monkeypatch.setattr(page, "REFERENCE_S", 60.0)
    with pytest.raises(DataError, match="page_time"):
        draw_page(Document(HTML.replace("Rain", "slow")), 400, 300)
    assert draw_page(Document(HTML), 400, 300).pixels.any()


def test_a_page_that_ends_every_browser_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(self: page.Browser, _: Document) -> None:
        os.killpg(self.devtools._process, signal.SIGKILL)
        self._call("Page.getLayoutMetrics")

    monkeypatch.setattr(page.Browser, "_load", crash)
    with pytest.raises(DataError, match="page_crashes"):
        draw_page(Document(HTML), 400, 300)


def test_a_page_that_the_browser_refuses_leaves_no_browser_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise CommandError("Page.navigate: no")

    monkeypatch.setattr(page.Browser, "_load", refuse)
    with pytest.raises(DataError, match="page_crashes"):
        draw_page(Document(HTML), 400, 300)
    assert not page._KEPT


def test_a_page_that_wants_too_much_memory_is_refused_and_the_next_one_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chromium, "MEMORY_BYTES", 260 << 20)
    monkeypatch.setattr(page, "ATTEMPTS", 1)
    close_browser()
    draw_page(Document(HTML), 400, 300)
    with pytest.raises(DataError, match="page_crashes"):
        draw_page(Document("<b>x</b>" * 300_000), 400, 300)
    assert draw_page(Document(HTML), 400, 300).pixels.any()


def test_a_stopped_browser_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    before = draw_page(Document(HTML), 400, 300).pixels
    monkeypatch.setattr(page, "WITHIN_S", 3.0)
    for name in (path.name for path in Path("/proc").iterdir()):  # the whole session of the browser stands still
        if name.isdigit() and os.getsid(int(name)) == page._KEPT[0].devtools._process:
            os.kill(int(name), signal.SIGSTOP)
    try:
        assert (draw_page(Document(HTML), 400, 300).pixels == before).all()
    finally:
        monkeypatch.undo()


@pytest.mark.parametrize(("html", "reason"), [("<p>" + "x" * page.MAX_HTML_BYTES, "too_large"), ("<i></i>" * 30_000, "too_many_nodes")])
def test_pages_that_are_too_much_are_refused(html: str, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        draw_page(Document(html), 400, 300)


def test_only_our_fonts_are_seen() -> None:
    assert ord("ण") in drawable()
    html = '<body style="font:20px {}"><span>Hamburg 250</span>'
    widths = [
        draw_page(Document(html.format(name)), 400, 100).snapshot.texts[0].lines[0][0][2]
        for name in ("sans-serif", "'Noto Sans'", "Verdana,'Noto Sans'")
    ]
    assert len(set(widths)) == 1


def test_without_a_browser_the_user_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    find_chromium.cache_clear()
    monkeypatch.setattr(chromium, "PLACES", ())
    try:
        with pytest.raises(NotInstalledError, match="apt-get install chromium"):
            find_chromium()
    finally:
        find_chromium.cache_clear()


def test_a_tall_picture_is_whole() -> None:
    drawn = draw_page(
        Document("<body style='margin:0'><div style='height:2000px'></div><div style='height:20px;background:#123456'></div>"), 300, 2020
    )
    assert (drawn.pixels[2005, 150] == np.array([0x12, 0x34, 0x56])).all()
