"""The kinds of pages: each draws a tree of elements for its body."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Literal

from babel import Locale

from synth.code.web_parts import (
    Draft,
    alert,
    button,
    card,
    check,
    crumbs,
    field,
    foot,
    icon,
    menu,
    pages,
    sidebar,
    stat,
    table,
    topbar,
    value_of,
)  # fmt: skip
from synth.code.web_tree import El, el

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
"""As Django's catalogues have them: what babel says of months depends on what it was asked before."""
Kind = Literal["dashboard", "shop", "article", "form", "settings", "mail", "calendar", "table", "landing", "docs", "chat"]


def draw_body(kind: Kind, draft: Draft) -> El:
    """The body of a page of a kind."""
    return KINDS[kind](draft)


def _app(draft: Draft, *content: El | None, entries: int = 6) -> El:
    """A page with a navigation at its side; a menu that is open has a header to hang from."""
    bar = (
        el("div", "topbar", el("span", "grow", draft.words.phrase(24)), el("span", "avatar", icon("user")), menu(draft))
        if draft.state == "menu"
        else None
    )
    side = sidebar(draft, entries=entries)
    content = (_banner(draft), *content)
    return el("body", "body", el("div", "app", side, el("div", "stack", bar, el("main", "main", *content))))


def _site(draft: Draft, *content: El | None, links: int = 4) -> El:
    """A page with a header and a footer."""
    return el("body", "body", topbar(draft, links=links), el("main", "shell", _banner(draft), *content), foot(draft))


def _banner(draft: Draft) -> El | None:
    """A picture below an open menu, so that the menu covers no text: what nobody can see, nobody could write."""
    return el("div", "picture tall", role="img") if draft.state == "menu" else None


def _dashboard(draft: Draft) -> El:
    words = draft.words
    stats = el("section", "grid four" if draft.likely(0.5) else "grid three", *(stat(draft) for _ in range(draft.count(3, 4))))
    bars = [el("div", "stack", el("span", "text muted", words.phrase(16)), _bar(draft)) for _ in range(draft.count(3, 5))]
    recent = el(
        "section", "card", el("h2", "section", words.label("Recent actions")), table(draft, draft.count(3, 5), ("name", "date", "state"))
    )
    shares = el("section", "card", el("h2", "section", words.label("Summary")), *bars)
    parts = [recent, shares] if draft.likely(0.5) else [shares, recent]
    head = el("div", "spread", el("h1", "title", words.phrase(22)), button(draft, "Filter", variant="second", mark="filter"))
    body = el("section", draft.one("grid two", "grid main-aside"), *parts)
    return _app(draft, head, stats, body) if draft.likely(0.6) else _site(draft, head, stats, body)


def _bar(draft: Draft) -> El:
    width = draft.count(2, 9) * 10
    return el("div", "track", el("div", "bar", style=f"width: {width}%"))


def _shop(draft: Draft) -> El:
    words = draft.words
    number = draft.count(3, 4) if draft.narrow else draft.count(3, 8)
    size = draft.one("grid three", "grid four", "grid two")
    badges = draft.likely(0.5)
    cards = el("section", size, *(card(draft, picture=True, price=True, badge=badges and draft.likely(0.5)) for _ in range(number)))
    head = el("div", "spread", el("h1", "title", words.phrase(22)), button(draft, "Filter", variant="second", mark="filter"))
    if draft.likely(0.4) and not draft.narrow:
        filters = el(
            "aside",
            "card",
            el("h2", "card-title", words.label("Filters")),
            *(check(draft, words.phrase(14), on=draft.likely(0.4)) for _ in range(draft.count(3, 6))),
        )
        return _site(draft, crumbs(draft), head, el("div", "columns", filters, cards), pages(draft))
    return _site(draft, crumbs(draft) if draft.likely(0.5) else None, head, cards, pages(draft))


def _article(draft: Draft) -> El:
    words = draft.words
    parts: list[El] = []
    for number in range(draft.count(2, 3)):
        parts.append(el("h2", "section", words.phrase(30)))
        parts += [el("p", "text", words.sentence(240)) for _ in range(draft.count(1, 3))]
        if number == 0:
            parts.append(el("blockquote", "quote", words.sentence(120)))
    who = el("div", "row", el("span", "avatar", icon("user")), el("span", "", words.person()), el("time", "text muted", words.write.date()))
    main = el(
        "article",
        "stack",
        el("h1", "title", words.phrase(36)),
        who,
        el("div", "picture tall", role="img") if draft.likely(0.7) else None,
        *parts,
    )
    if draft.likely(0.5):
        aside = el(
            "aside",
            "card",
            el("h2", "card-title", words.label("Recent actions")),
            *(el("a", "link", words.phrase(26), href="#") for _ in range(draft.count(3, 5))),
        )
        return _site(draft, el("div", "grid main-aside", main, aside))
    return _site(draft, crumbs(draft), main)


def _form(draft: Draft) -> El:
    words = draft.words
    makes: list[tuple[str, Callable[[], str], str]] = [
        ("Name", words.person, "text"),
        ("Email address", lambda: f"{draft.one('mail', 'post', 'info')}{draft.count(1, 99)}@example.org", "email"),
        ("Date:", words.write.date, "text"), ("Description", lambda: words.phrase(28), "text"), ("Time:", words.write.time, "text"),
        ("Image", lambda: words.phrase(16), "text"), ("User", words.word, "text"),
    ]  # fmt: skip
    chosen = [makes[int(place)] for place in draft.rng.permutation(len(makes))[: draft.count(3, 5)]]
    wrong = draft.count(0, len(chosen) - 1) if draft.state == "error" else -1
    names = {words.label(english): (make, kind) for english, make, kind in chosen}
    told = words.label("This field is required.") if wrong >= 0 else ""
    fields = [
        field(draft, name, make(), kind=kind, wrong=told if number == wrong else "", hint=number != wrong and draft.likely(0.25))
        for number, (name, (make, kind)) in enumerate(names.items())
    ]
    checks = [check(draft, words.phrase(26), on=draft.likely(0.5)) for _ in range(draft.count(1, 2))]
    buttons = el("div", "row", button(draft, "Save"), button(draft, draft.one("Close", "Clear"), variant="second"))
    body = el("form", "form", *fields, *checks, buttons)
    head = [el("h1", "title", words.phrase(26)), el("p", "text muted", words.sentence(110))]
    notice = alert(draft, "bad") if draft.state == "error" else None
    if draft.likely(0.5):
        return _site(draft, *head, notice, el("section", "card", body))
    note = el("aside", "card raised", el("h2", "card-title", words.phrase(20)), *(el("p", "text", words.sentence(120)) for _ in range(2)))
    return _site(draft, el("div", "grid main-aside", el("section", "card", *head, notice, body), note))


def _settings(draft: Draft) -> El:
    words = draft.words
    tabs = draft.titles(3, 12)
    current = draft.count(0, 2)
    strip = el("div", "tabs", *(el("a", "tab current" if n == current else "tab", name, href="#") for n, name in enumerate(tabs)))
    switches = el(
        "section",
        "card",
        el("h2", "section", words.label("Permissions")),
        *(check(draft, words.phrase(26), role="switch", on=draft.likely(0.5)) for _ in range(draft.count(3, 6))),
    )
    fields = el(
        "section",
        "card",
        el("h2", "section", words.label("Personal info")),
        field(draft, words.label("User"), words.person()),
        field(draft, words.word(), words.currency()),
        button(draft, "Save"),
    )
    danger = el(
        "section",
        "card",
        el("h2", "section", words.label("Delete")),
        el("p", "text", words.sentence(110)),
        button(draft, "Remove", variant="danger", mark="trash-2"),
    )
    parts = [switches, fields] if draft.likely(0.5) else [fields, switches]
    return _app(draft, el("h1", "title", words.phrase(18)), strip, *parts, danger if draft.likely(0.6) else None)


def _mail(draft: Draft) -> El:
    words = draft.words
    rows = []
    for number in range(draft.count(5, 9)):
        unread = draft.likely(0.35)
        role = "item unread" if unread else "item current" if number == 1 else "item"
        parts = [el("span", "avatar", icon("user")), el("div", "grow", el("div", "", words.person()), el("div", "", words.phrase(30)))]
        rows.append(el("li", role, *parts, el("time", "text muted", words.write.time())))
    boxes = el("ul", "list", *rows)
    head = el("div", "spread", el("h1", "title", words.label("Messages")), button(draft, "Add", mark="pencil"))
    if draft.narrow or draft.likely(0.4):
        return _app(draft, head, boxes, entries=5)
    said = [el("p", "text", words.sentence(200)) for _ in range(draft.count(2, 3))]
    buttons = el("div", "row", button(draft, "Change", mark="send"), button(draft, "Delete", variant="second", mark="trash-2"))
    reading = el("article", "card", el("h2", "section", words.phrase(28)), el("span", "text muted", words.person()), *said, buttons)
    return _app(draft, head, el("div", "grid two", boxes, reading), entries=5)


def _calendar(draft: Draft) -> El:
    words = draft.words
    locale = Locale.parse(words.code, sep="-")
    first = date(draft.count(2019, 2031), draft.count(1, 12), 1)
    start = first - timedelta(days=(first.weekday() - locale.first_week_day) % 7)
    weekdays = [_weekday(draft, start + timedelta(days=n)) for n in range(7)]
    cells = [el("div", "weekday", name) for name in weekdays]
    length = (first.replace(day=28) + timedelta(days=4)).replace(day=1) - first
    today = draft.count(1, 28)
    busy = set(draft.rng.permutation(28)[: draft.count(3, 7)].tolist()) if not draft.narrow else set()
    weeks = -(-((first - start).days + length.days) // 7)
    for number in range(7 * weeks):
        day = (start + timedelta(days=number) - first).days + 1
        if not 1 <= day <= length.days:
            cells.append(el("div", "day"))
            continue
        event = el("span", "event", words.phrase(10)) if day - 1 in busy else None
        cells.append(el("div", "day today" if day == today else "day", el("span", "", words.day(day)), event))
    title = f"{words.label(MONTHS[first.month - 1])} {words.day(first.year)}"
    buttons = el("div", "row", button(draft, "Today", variant="second"), button(draft, "Add", mark="plus"))
    head = el("div", "spread", el("h1", "title", title), buttons)
    content = (head, el("section", "calendar", *cells))
    return _site(draft, *content) if draft.likely(0.5) else _app(draft, *content)


def _weekday(draft: Draft, day: date) -> str:
    """A day's short name; Django's, since babel's names of days depend on what was asked before."""
    short = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[day.weekday()]
    return draft.words.label(short)


def _table(draft: Draft) -> El:
    words = draft.words
    columns = ["name", *(kind for kind in ("person", "date", "price", "number", "state") if draft.likely(0.7))]
    columns = columns if len(columns) >= 3 else ["name", "date", "price"]
    head = el("div", "spread", el("h1", "title", words.phrase(22)), button(draft, "Add", mark="plus"))
    notice = alert(draft, draft.one("", "good")) if draft.likely(0.3) else None
    content = (head, notice, el("section", "card", table(draft, draft.count(4, 9), columns)), pages(draft))
    return _app(draft, *content) if draft.likely(0.5) else _site(draft, crumbs(draft), *content)


def _landing(draft: Draft) -> El:
    words = draft.words
    buttons = el("div", "row", button(draft, "Log in"), button(draft, "Documentation", variant="second"))
    hero = el(
        "section",
        "hero centred" if draft.likely(0.5) else "hero",
        el("h1", "title", words.phrase(36)),
        el("p", "lead", words.sentence(130)),
        buttons,
    )
    features = el(
        "section",
        draft.one("grid three", "grid two"),
        *(card(draft, picture=False) for _ in range(draft.count(2, 3 if draft.narrow else 6))),
    )
    prices = el("section", "grid three", *(_plan(draft) for _ in range(3))) if draft.likely(0.4) else None
    return _site(draft, hero, el("h2", "section", words.phrase(30)), features, prices)


def _plan(draft: Draft) -> El:
    words = draft.words
    lines = (el("div", "check", icon("check"), el("span", "", words.phrase(20))) for _ in range(3))
    return el(
        "article",
        "card",
        el("h3", "card-title", words.word()),
        el("data", "price", value_of(draft), value=""),
        *lines,
        button(draft, "Add", variant="stretch"),
    )


def _docs(draft: Draft) -> El:
    words = draft.words
    names = ("build", "page", "user", "items", "value", "total", "query")
    lines = [
        f"{draft.one('let', 'const')} {draft.one(*names)} = {draft.one(*names)}({draft.count(1, 90)});" for _ in range(draft.count(2, 4))
    ]
    parts: list[El] = []
    for number in range(draft.count(2, 3)):
        parts += [el("h2", "section", words.phrase(28)), el("p", "text", words.sentence(200))]
        if number == 0:
            parts.append(el("pre", "code", "\n".join(lines)))
        else:
            parts.append(el("ul", "stack", *(el("li", "", words.phrase(34)) for _ in range(draft.count(2, 4)))))
    notice = alert(draft, "") if draft.likely(0.5) else None
    return _app(draft, crumbs(draft), el("h1", "title", words.phrase(26)), *parts, notice, entries=draft.count(5, 8))


def _chat(draft: Draft) -> El:
    words = draft.words
    said = [el("div", "bubble own" if draft.likely(0.45) else "bubble", words.sentence(110)) for _ in range(draft.count(4, 7))]
    write = el(
        "div",
        "row",
        el("input", "input", type="text", placeholder=words.phrase(22), aria_label="message"),
        button(draft, "Go", mark="send"),
    )
    who = el(
        "div", "row", el("span", "avatar", icon("user")), el("h1", "card-title", words.person()), el("span", "badge good", words.word())
    )
    return _app(draft, who, el("section", "chat", *said), write, entries=draft.count(4, 6))


KINDS: Mapping[str, Callable[[Draft], El]] = {
    "dashboard": _dashboard, "shop": _shop, "article": _article, "form": _form, "settings": _settings, "mail": _mail, "calendar": _calendar,
    "table": _table, "landing": _landing, "docs": _docs, "chat": _chat,
}  # fmt: skip
