"""Parts that several kinds of pages have: headers, sidebars, cards, tables, fields, menus. Each draws its words and gives a tree."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from numpy.random import Generator

from synth.code.web_tree import El, el
from synth.code.web_words import Words

NAV = (
    "Home", "Documentation", "History", "Messages", "Users", "Tags", "Search", "Recent actions", "Filters", "Summary", "Image", "Order",
)  # fmt: skip
"""What navigations list, as Django's catalogues have it."""
TOPICS = (
    "house", "bell", "user", "users", "settings", "mail", "calendar", "star", "heart", "folder", "file-text", "image", "map-pin", "clock",
    "tag", "truck", "gift", "bookmark", "globe", "shield", "zap", "leaf", "music", "camera", "rocket", "key", "palette", "cloud",
)  # fmt: skip


@cache
def icons() -> Mapping[str, str]:
    """Name -> what is inside the `<svg>` of one of Lucide's icons."""
    loaded: dict[str, str] = json.loads((Path(__file__).with_name("web_assets") / "icons.json").read_text(encoding="utf-8"))
    return loaded


def icon(name: str, role: str = "icon") -> El:
    """An icon in the colour of the text around it."""
    frame = {"viewBox": "0 0 24 24", "fill": "none", "stroke": "currentColor", "stroke_width": "2"}
    return el("svg", role, el("path", d=icons()[name]), **frame, aria_hidden="true")


@dataclass
class Draft:
    """What the drawing of a page has at hand.

    Attributes:
        words: Draws texts.
        rng: Draws all else.
        narrow: Whether the window is a telephone's.
        state: `menu` if a menu is to be open, `error` if a form shows mistakes, or nothing.
    """

    words: Words
    rng: Generator
    narrow: bool
    state: str
    fields: int = 0

    def one(self, *options: str) -> str:
        """One of some texts."""
        return options[int(self.rng.integers(len(options)))]

    def count(self, least: int, most: int) -> int:
        """A number, both ends included."""
        return int(self.rng.integers(least, most + 1))

    def likely(self, share: float) -> bool:
        """Whether something that is so in a share of pages is so in this."""
        return bool(self.rng.random() < share)

    def topics(self, count: int) -> list[str]:
        """Different icons."""
        return [TOPICS[int(place)] for place in self.rng.permutation(len(TOPICS))[:count]]

    def titles(self, count: int, most: int = 16) -> list[str]:
        """Different short labels: the interface's own first, then phrases."""
        chosen = [NAV[int(place)] for place in self.rng.permutation(len(NAV))[:count]]
        texts = dict.fromkeys([self.words.label(name) for name in chosen])
        found = [text for text in texts if len(text) <= most + 4]
        return [*found, *(self.words.phrase(most) for _ in range(count - len(found)))]


def topbar(draft: Draft, *, links: int = 4, search: bool = True) -> El:
    """A header with a brand, a navigation whose current entry is marked, a search field and, if it is to be open, a menu."""
    names = draft.titles(2 if draft.narrow else links, 14)
    current = draft.count(0, len(names) - 1)
    nav = el("nav", "nav", *(_link("nav-link", name, number == current) for number, name in enumerate(names)))
    field = el("input", "search", type="search", placeholder=draft.words.label("Search"), aria_label="search")
    user = el("span", "avatar", icon("user"))
    opened = menu(draft) if draft.state == "menu" else None
    role = "topbar strong" if draft.likely(0.35) else "topbar"
    return el("header", role, brand(draft), nav, field if search and not draft.narrow else None, user, opened)


def brand(draft: Draft) -> El:
    """A mark and a name."""
    return el("span", "brand", icon(draft.topics(1)[0]), el("span", "", draft.words.phrase(12)))


def sidebar(draft: Draft, *, entries: int) -> El:
    """A navigation at the side."""
    entries = min(entries, 3) if draft.narrow else entries
    names, marks = draft.titles(entries), draft.topics(entries)
    current = draft.count(0, entries - 1)
    links = (_link("side-link", name, number == current, marks[number]) for number, name in enumerate(names))
    return el("aside", "sidebar", brand(draft), *links)


def _link(role: str, text: str, current: bool, mark: str = "") -> El:
    more = {"aria_current": "page"} if current else {}
    return el("a", f"{role} current" if current else role, icon(mark) if mark else None, el("span", "", text), href="#", **more)


def menu(draft: Draft) -> El:
    """An open menu."""
    told = [("user", "Personal info"), ("key", "Change password"), ("clock", "History"), ("log-out", "Log out")][: draft.count(3, 4)]
    marked = draft.count(0, len(told) - 1)
    items = (
        el(
            "a",
            "menu-item current" if number == marked else "menu-item",
            icon(mark),
            el("span", "", draft.words.label(name)),
            href="#",
            role="menuitem",
        )
        for number, (mark, name) in enumerate(told)
    )
    return el("div", "menu", *items, role="menu")


def foot(draft: Draft) -> El:
    """The end of a page."""
    return el("footer", "foot", el("span", "", draft.words.phrase(24)), el("span", "", draft.words.write.date()))


def button(draft: Draft, english: str = "", *, variant: str = "", mark: str = "") -> El:
    """A button with a label of the interface, or a phrase."""
    text = draft.words.label(english) if english else draft.words.phrase(14)
    return el("button", f"button {variant}".strip(), icon(mark) if mark else None, el("span", "", text), type="button")


def card(draft: Draft, *, picture: bool, price: bool = False, badge: bool = False) -> El:
    """A card with a picture, a title, text, a price and a button."""
    kind = draft.one("good", "bad", "fair")
    return el(
        "article",
        "card",
        el("div", "picture", role="img") if picture else icon(draft.topics(1)[0], "icon large"),
        el("span", f"badge {kind}", draft.words.word()) if badge else None,
        el("h3", "card-title", draft.words.phrase(22)),
        el("p", "text muted", draft.words.sentence(90)),
        el("data", "price", value_of(draft), value="") if price else None,
        button(draft, draft.one("Add", "View", "Save")) if price or draft.likely(0.4) else None,
    )


def value_of(draft: Draft) -> str:
    """A price that this page has not had."""
    return draft.words.price()


def stat(draft: Draft) -> El:
    """A number with its name and how it changed."""
    good = draft.likely(0.5)
    change = f"{'+' if good else '-'}{draft.words.number(40)}%"
    return el(
        "article",
        "card",
        el("span", "text muted", draft.words.phrase(18)),
        el("p", "stat-value", draft.words.fresh(draft.words.write.number)),
        None if draft.words.rtl else el("span", "badge good" if good else "badge bad", change),
    )


def table(draft: Draft, rows: int, columns: Sequence[str]) -> El:
    """A table; columns are kinds of values: `name`, `person`, `date`, `price`, `number`, `state`."""
    columns = columns[:3] if draft.narrow else columns
    heads = {"name": "Description", "person": "User", "date": "Date:", "price": "", "number": "Order", "state": "Type"}
    head = el("tr", "", *(el("th", "th end" if kind in ("price", "number") else "th", _head(draft, heads[kind])) for kind in columns))
    states = [(draft.words.word(), kind) for kind in ("good", "fair", "bad")]
    body = [el("tr", "", *(_cell(draft, kind, states) for kind in columns)) for _ in range(rows)]
    return el("table", "table", el("thead", "", head), el("tbody", "", *body))


def _head(draft: Draft, english: str) -> str:
    text = draft.words.label(english) if english else draft.words.word()
    return text if len(text) <= 18 else draft.words.word()


def _cell(draft: Draft, kind: str, states: Sequence[tuple[str, str]]) -> El:
    words = draft.words
    if kind == "state":
        text, color = states[int(draft.rng.integers(len(states)))]
        return el("td", "td", el("span", f"badge {color}", text))
    makes: dict[str, Callable[[], str]] = {
        "name": lambda: words.phrase(20),
        "person": words.person,
        "date": lambda: words.fresh(words.write.date, lambda text: len(text) <= 18),
        "price": words.price,
        "number": lambda: words.fresh(words.write.number, lambda text: len(text) <= 9),
    }
    return el("td", "td end" if kind in ("price", "number") else "td", makes[kind]())


def field(draft: Draft, label: str, value: str, *, wrong: str = "", kind: str = "text", hint: bool = False) -> El:
    """A label, its field with a value (or a hint), and what is wrong with it."""
    draft.fields += 1
    name = f"field-{draft.fields}"
    more = {"aria_invalid": "true"} if wrong else {}
    shown = {"placeholder": value} if hint else {"value": value}
    return el(
        "div",
        "field",
        el("label", "label", label, for_=name),
        el("input", "input wrong" if wrong else "input", type=kind, id=name, **shown, **more),
        el("p", "error", wrong) if wrong else None,
    )


def check(draft: Draft, text: str, *, role: str = "check", on: bool) -> El:
    """A box or switch with its label."""
    draft.fields += 1
    name = f"field-{draft.fields}"
    box = el("input", "box", type="checkbox", id=name, **({"checked": ""} if on else {}))
    label = el("label", "", text, for_=name)
    return el("div", role, *((label, box) if role == "switch" else (box, label)))


def alert(draft: Draft, variant: str) -> El:
    """A message across the page."""
    mark = {"bad": "circle-alert", "good": "check"}.get(variant, "info")
    return el("div", f"alert {variant}".strip(), icon(mark), el("span", "grow", draft.words.sentence(90)), role="alert")


def crumbs(draft: Draft) -> El:
    """Where the page lies."""
    names = [draft.words.label("Home"), *(draft.words.phrase(14) for _ in range(2))]
    parts = [part for name in names for part in (el("span", "", name), el("span", "", "/", aria_hidden="true"))]
    return el("nav", "crumbs", *parts[:-1])


def pages(draft: Draft) -> El:
    """Links to the pages of a list."""
    count = draft.count(3, 5)
    current = draft.count(0, count - 1)
    links = (el("a", "page current" if number == current else "page", draft.words.day(number + 1), href="#") for number in range(count))
    return el("div", "pages", *links)
