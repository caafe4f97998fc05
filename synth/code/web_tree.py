"""What a page is made of: a tree of elements with roles, which say what an element is and so how it looks; no classes, no styles.

The tree is the truth of a sample. `web_html` writes it in one of several idioms; edits change the tree and have it written again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Union

Path = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class El:
    """An element.

    Attributes:
        tag: HTML's name.
        role: What it is, in the words of `web_styles.yaml`; what follows a space narrows it (`nav-link current`). None: no look.
        children: Elements, and texts.
        attributes: (name, value) in the order in which they are written.
    """

    tag: str
    role: str = ""
    children: tuple[Union["El", str], ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()


def el(tag: str, role: str = "", /, *children: El | str | None, **attributes: str) -> El:
    """An element; children that are None are left out; `for_` is `for`, `aria_current` is `aria-current`."""
    named = tuple((name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items())
    return El(tag, role, tuple(child for child in children if child is not None), named)


def walk(root: El, path: Path = ()) -> Iterator[tuple[Path, El]]:
    """Every element with its path, parents first."""
    yield path, root
    for place, child in enumerate(root.children):
        if isinstance(child, El):
            yield from walk(child, (*path, place))


def text_of(item: El | str) -> str:
    """All text of an element, in order."""
    return item if isinstance(item, str) else "".join(map(text_of, item.children))


def at(root: El, path: Path) -> El:
    """The element at a path."""
    for place in path:
        child = root.children[place]
        if isinstance(child, str):
            raise ValueError(f"there is text at {path}")
        root = child
    return root


def changed(root: El, path: Path, change: Callable[[El], El]) -> El:
    """The tree with the element at a path changed."""
    if not path:
        return change(root)
    place, child = path[0], root.children[path[0]]
    if isinstance(child, str):
        raise ValueError(f"there is text at {path}")
    return replace(root, children=(*root.children[:place], changed(child, path[1:], change), *root.children[place + 1 :]))


def without(root: El, path: Path) -> El:
    """The tree without the element at a path."""
    place = path[-1]
    return changed(root, path[:-1], lambda parent: replace(parent, children=(*parent.children[:place], *parent.children[place + 1 :])))


def exchanged(root: El, parent: Path, one: int, other: int) -> El:
    """The tree with two children of an element in each other's place."""

    def change(item: El) -> El:
        children = list(item.children)
        children[one], children[other] = children[other], children[one]
        return replace(item, children=tuple(children))

    return changed(root, parent, change)
