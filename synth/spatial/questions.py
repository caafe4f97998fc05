"""Writes questions about what stands where in one picture: things seen, and tasks -> questions with answers and programs.

Boxes and points of the picture are thousandths (`schemas.dialect`), boxes in space nine numbers (`schemas.bbox_3d`). The verifier,
`proof.py`, shares nothing with this module but the phrasings.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from numpy.random import Generator

from schemas.bbox_3d import Codec, LabelledBox3D, write_boxes_3d
from schemas.dialect import LabelledBox, LabelledPoint, parse_objects, write_boxes, write_points
from schemas.geometry import box_px_to_1000, point_1000_to_px, point_px_to_1000
from schemas.geometry_3d import Box3D, to_virtual
from schemas.sample import Evidence, Json, Proof, Turn
from synth.spatial import prompts
from synth.spatial.objects import Kind, catalogue, is_model
from synth.spatial.scene import Scene
from synth.spatial.seen import Seen

Task = Literal[
    "detect_3d",
    "detect_3d_several",
    "refer_3d",
    "point_3d",
    "detect_2d",
    "refer_2d",
    "point_2d",
    "refer_point",
    "count",
    "count_boxes",
    "count_points",
]
ABSENT_SHARE = 0.12
"""Share of questions about a kind of which there is none (chosen: with refusals nowhere the best guess)."""
MANY = 15
"""Most boxes or points in one answer."""
MARGIN, MARGIN_M, MARGIN_SHARE = 0.2, 0.12, 0.07
"""By how much the nearest, tallest or leftmost must win: of its own measure, in metres, of the picture's side (families.md C3, with a
margin)."""
COLOURS = ("red", "yellow", "green", "blue", "purple", "pink", "black", "grey", "white")
"""Colours whose names people agree on: not brown, which is wood to some, nor orange, which is red or yellow to some."""
EVEN_COUNTS, COUNT_TRIES = (1.0, 1.7, 4.0, 10.0, 20.0), 8
"""How much more often each number of things, from one to five and more, is looked for than one, since it is rarer; and how often."""
COLOUR_SHARE, DOUBT_SHARE = 0.75, 0.2
"""Least share of what is seen of a thing that has the colour it is called by; and that makes people wonder whether it has."""
VIRTUAL_HEIGHT_PX = 512.0
"""Height of the pictures of a virtual camera, as in Cube R-CNN's configuration."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What questions are asked about, and how answers are written.

    Attributes:
        scene: The scene.
        seen: What shows of its things.
        codec: Notation of boxes in space.
        tell_camera: Whether questions tell the intrinsics.
        virtual_focal_px: Focal length of the virtual camera that depths are told for, or 0 for depths in metres.
    """

    scene: Scene
    seen: tuple[Seen, ...]
    codec: Codec
    tell_camera: bool
    virtual_focal_px: float = 0.0

    def kind(self, item: Seen) -> Kind:
        """The catalogue's row of a thing."""
        return catalogue()[self.scene.things[item.number].kind]

    def label(self, item: Seen) -> str:
        """Its usual name."""
        return self.kind(item).names[0]

    def numbers_of(self, box: Box3D) -> Box3D:
        """A box as it is told."""
        if not self.virtual_focal_px:
            return box
        return to_virtual(box, self.scene.camera, self.virtual_focal_px, VIRTUAL_HEIGHT_PX)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, its answer, and the things it rests on."""

    question: str
    answer: str
    program: dict[str, Json]
    things: tuple[Seen, ...]


Writer: TypeAlias = Callable[[Asking, Task, Generator], Asked | None]


def write_turns(asking: Asking, tasks: Sequence[Task], most: int, rng: Generator) -> tuple[Turn, ...]:
    """A conversation of at most `most` questions, of the first tasks that can be asked, none twice; the first turn carries the picture."""
    turns: list[Turn] = []
    asked_before = set[str]()
    for task in tasks:
        asked = WRITERS[task](asking, task, rng) if len(turns) < 2 * most else None
        if asked is None or asked.question in asked_before:
            continue
        asked_before.add(asked.question)
        camera = asking.scene.camera if asking.tell_camera else None
        tail = prompts.ending(task, asking.codec, camera, asking.virtual_focal_px, VIRTUAL_HEIGHT_PX)
        evidence = tuple(Evidence(0, item.box_px, note=asking.label(item)) for item in asked.things)
        told: list[Json] = [*parse_objects(asked.answer)] if not task.startswith("count") and asked.things else []
        value: Json = told or len(asked.things) or "absent"
        proof = Proof({"op": task, **asked.program}, value, evidence)
        turns.append(Turn("user", ("" if turns else "<image>\n") + asked.question + tail, task))
        turns.append(Turn("assistant", asked.answer, task, proof=proof))
    return tuple(turns)


def askable(asking: Asking) -> dict[str, tuple[Seen, ...]]:
    """Kinds, by usual name, of which each one that shows at all is clearly seen."""
    groups: dict[str, list[Seen]] = {}
    for item in asking.seen:
        groups.setdefault(asking.label(item), []).append(item)
    return {label: tuple(items) for label, items in groups.items() if all(item.clear for item in items) and len(items) <= MANY}


def _is_plain(asking: Asking, name: str, label: str) -> bool:
    """Whether a name means the things of one kind, and nothing else in the scene, to everybody."""
    others = {thing.kind for thing in asking.scene.things if catalogue()[thing.kind].names[0] != label}
    return not any(may_be_called(name, catalogue()[kind]) for kind in others)


def may_be_called(name: str, kind: Kind) -> bool:
    """Whether some people call things of a kind so, or a part of them: an armchair is a chair, a desk a table; a laptop has a keyboard.

    What a user calls a model is not known to be what others call it: there a word in common is enough.
    """
    names = (*kind.names, *kind.is_a, *kind.has)
    return prompts.may_mean(name, names) if kind.shape else prompts.share_words(name, names)


def absent_kinds(scene: Scene) -> dict[str, Kind]:
    """Kinds, by key, whose names share no word with those of anything in a scene, seen or not; none where a user's own model stands there.

    A model that its user calls "fauteuil" is an armchair, of which nobody may then say that there is none.
    """
    there = {thing.kind for thing in scene.things}
    if any(is_model(key) for key in there):
        return {}
    kinds = [catalogue()[key] for key in there]

    def is_there(kind: Kind) -> bool:
        return any(
            any(prompts.share_words(name, (*other.names, *other.is_a, *other.has)) for name in kind.names)
            or any(prompts.share_words(name, other.names) for name in kind.is_a)
            for other in kinds
        )

    return {key: kind for key, kind in sorted(catalogue().items()) if not is_there(kind)}


def _draw_kind(asking: Asking, task: Task, rng: Generator) -> tuple[str, tuple[Seen, ...]] | None:
    """A name for a kind that means it alone, and all of it; now and then a kind of which there is nothing in the scene."""
    kinds = askable(asking)
    pool = sorted(kinds)
    if task.startswith("count"):
        wanted = (_draw_count(rng) for _ in range(COUNT_TRIES))
        pools = ([label for label in pool if min(len(kinds[label]), len(EVEN_COUNTS)) == count] for count in wanted)
        pool = next((of_that_count for of_that_count in pools if of_that_count), [])
    if not pool:
        return None
    if rng.random() < ABSENT_SHARE and (absent := list(absent_kinds(asking.scene).values())):
        return _synonym(absent[int(rng.integers(len(absent)))], rng), ()
    # kinds of which there are several are asked about more often: alone, "1" would be the answer to most counts
    pool = [label for label in pool for _ in range(min(4, len(kinds[label])))]
    label = pool[int(rng.integers(len(pool)))]
    items = tuple(sorted(kinds[label], key=lambda item: item.distance_m))
    name = _synonym(asking.kind(items[0]), rng)
    return (name, items) if _is_plain(asking, name, label) else None


def _draw_count(rng: Generator) -> int:
    """How many there are to be: one, two, three, four, more than four."""
    total, place = sum(EVEN_COUNTS), float(rng.random())
    return next((n for n in range(1, len(EVEN_COUNTS)) if place * total < sum(EVEN_COUNTS[:n])), len(EVEN_COUNTS))


def _synonym(kind: Kind, rng: Generator) -> str:
    return kind.names[0] if rng.random() < 0.7 else kind.names[int(rng.integers(len(kind.names)))]


def _all_of_a_kind(asking: Asking, task: Task, rng: Generator) -> Asked | None:
    drawn = _draw_kind(asking, task, rng)
    if drawn is None:
        return None
    name, items = drawn
    question = prompts.draw_prompt(task, rng, label=name)
    named = [(item, name) for item in items]
    program: dict[str, Json] = {"label": name, **_round(asking, task, named)}
    answer = _written(asking, task, named)
    if task.startswith("count"):
        answer = f"{answer}\n{len(items)}".strip()
    return Asked(question, answer, program, items)


def _several_kinds(asking: Asking, task: Task, rng: Generator) -> Asked | None:
    kinds = sorted((label, items) for label, items in askable(asking).items() if _is_plain(asking, label, label))
    if len(kinds) < 2:
        return None
    count = min(len(kinds), 2 + int(rng.integers(4)))
    chosen = [kinds[int(k)] for k in rng.permutation(len(kinds))[:count]]
    named = sorted(((item, label) for label, items in chosen for item in items), key=lambda pair: pair[0].distance_m)
    if len(named) > MANY:
        return None
    labels = ", ".join(label for label, _ in chosen)
    question = prompts.draw_prompt(task, rng, labels=labels)
    program: dict[str, Json] = {"labels": labels, **_round(asking, task, named)}
    return Asked(question, _boxes_3d(asking, named), program, tuple(item for item, _ in named))


def _by_expression(asking: Asking, task: Task, rng: Generator) -> Asked | None:
    plain = [item for item in asking.seen if item.clear and _is_plain(asking, asking.label(item), asking.label(item))]
    found = [(text, item) for item in plain for text in expressions(asking, item)]
    if not found:
        return None
    labels = sorted({asking.label(item) for _, item in found})
    label = labels[int(rng.integers(len(labels)))]  # so that kinds with many expressions are not asked about more often
    pool = [pair for pair in found if asking.label(pair[1]) == label]
    what, item = pool[int(rng.integers(len(pool)))]
    program: dict[str, Json] = {"what": what, **_round(asking, task, [(item, label)])}
    return Asked(prompts.draw_prompt(task, rng, what=what), _written(asking, task, [(item, label)]), program, (item,))


def _at_a_point(asking: Asking, task: Task, rng: Generator) -> Asked | None:
    clear = [item for item in asking.seen if item.clear]
    if not clear:
        return None
    item = clear[int(rng.integers(len(clear)))]
    camera, point = asking.scene.camera, [0, 0]
    point[0], point[1] = point_px_to_1000(item.point_px, camera.width_px, camera.height_px)
    u, v = point_1000_to_px((point[0], point[1]), camera.width_px, camera.height_px)
    if max(abs(u - item.point_px[0]), abs(v - item.point_px[1])) > 1 or not _thick(item):
        return None
    question = prompts.draw_prompt(task, rng, point=str(point))
    where: list[Json] = [point[0], point[1]]
    named = [(item, asking.label(item))]
    return Asked(question, _boxes_3d(asking, named), {"point": where, **_round(asking, task, named)}, (item,))


def _round(asking: Asking, task: Task, named: Sequence[tuple[Seen, str]]) -> dict[str, Json]:
    """For boxes in space, which labels are of things that look the same however they are turned: scores of answers need it."""
    if prompts.NOTATION[task] != "3d":
        return {}
    return {"round": [*sorted({name for item, name in named if asking.kind(item).turn == "round"})]}


def _thick(item: Seen) -> bool:
    """Whether a point may be off by a pixel and still be on it, as far as its box tells."""
    return min(item.box_px[2] - item.box_px[0], item.box_px[3] - item.box_px[1]) >= 12


def _written(asking: Asking, task: Task, named: Sequence[tuple[Seen, str]]) -> str:
    """Things and what they are called, in the task's notation."""
    notation = prompts.NOTATION[task]
    if notation == "3d":
        return _boxes_3d(asking, named)
    return _boxes(asking, named) if notation == "bbox_2d" else _points(asking, named) if notation == "point_2d" else ""


def _boxes_3d(asking: Asking, named: Sequence[tuple[Seen, str]]) -> str:
    return write_boxes_3d([LabelledBox3D(asking.numbers_of(item.box), name) for item, name in named], asking.codec)


def _boxes(asking: Asking, named: Sequence[tuple[Seen, str]]) -> str:
    camera = asking.scene.camera
    return write_boxes([LabelledBox(box_px_to_1000(item.box_px, camera.width_px, camera.height_px), name) for item, name in named])


def _points(asking: Asking, named: Sequence[tuple[Seen, str]]) -> str:
    camera = asking.scene.camera
    return write_points([LabelledPoint(point_px_to_1000(item.point_px, camera.width_px, camera.height_px), name) for item, name in named])


def expressions(asking: Asking, item: Seen) -> list[str]:
    """All expressions that fit this thing and no other that shows at all."""
    label, kind = asking.label(item), asking.kind(item)
    others = [other for other in asking.seen if asking.label(other) == label and other is not item]
    out = []
    if not others:
        out.append(prompts.express("only", label=label))
    elif all(other.clear for other in others):
        out += [prompts.express(name, label=label) for name in _superlatives(asking, item, others)]
    colour = _colour(item)
    if colour and not any(_may_be(other, colour) for other in others):
        out.append(prompts.express("colour", colour=colour, label=label))
    support = asking.scene.things[item.number].support
    if others and support is not None:
        under = catalogue()[asking.scene.things[support].kind].names[0]
        shown = {other.number for other in asking.seen if other.clear}
        same = [o for o in others if (below := asking.scene.things[o.number].support) is not None and _label_of(asking, below) == under]
        if support in shown and not same and sum(_label_of(asking, other.number) == under for other in asking.seen) == 1:
            out.append(prompts.express("resting_on", label=label, support=under))
    for use in kind.use:
        if sum(use in asking.kind(other).use for other in asking.seen) == 1:
            out.append(prompts.express("use", use=prompts.uses()[use]))
            if use in prompts.acts():
                out.append(prompts.express("need", act=prompts.acts()[use]))
    return out


def _label_of(asking: Asking, number: int) -> str:
    return catalogue()[asking.scene.things[number].kind].names[0]


def _colour(item: Seen) -> str:
    """Name of the colour that nearly all that is seen of it has, or nothing where people would not agree on one."""
    return next((name for name, share in item.colours.items() if name in COLOURS and share >= COLOUR_SHARE), "")


def _may_be(item: Seen, colour: str) -> bool:
    """Whether some would say that a thing has a colour: part of what is seen of it has it, or one that has no certain name."""
    return sum(share for name, share in item.colours.items() if name == colour or name not in COLOURS) >= DOUBT_SHARE


def _superlatives(asking: Asking, item: Seen, others: Sequence[Seen]) -> list[str]:
    """In what it clearly beats all others of its kind."""
    out = []
    gap = min(other.distance_m for other in others) - item.distance_m
    if gap > max(MARGIN_M, MARGIN * item.distance_m):
        out.append("nearest")
    farthest = max(other.distance_m for other in others)
    if item.distance_m - farthest > max(MARGIN_M, MARGIN * item.distance_m):
        out.append("farthest")
    width = asking.scene.camera.width_px
    middle = (item.box_px[0] + item.box_px[2]) / 2
    middles = [(other.box_px[0] + other.box_px[2]) / 2 for other in others]
    if min(middles) - middle > MARGIN_SHARE * width:
        out.append("leftmost")
    if middle - max(middles) > MARGIN_SHARE * width:
        out.append("rightmost")
    heights = [other.box.size[1] for other in others]
    if item.box.size[1] > max(heights) * (1 + MARGIN):
        out.append("tallest")
    if item.box.size[1] * (1 + MARGIN) < min(heights):
        out.append("shortest")
    return out


WRITERS: dict[Task, Writer] = {
    "detect_3d": _all_of_a_kind,
    "detect_3d_several": _several_kinds,
    "refer_3d": _by_expression,
    "point_3d": _at_a_point,
    "detect_2d": _all_of_a_kind,
    "refer_2d": _by_expression,
    "point_2d": _all_of_a_kind,
    "refer_point": _by_expression,
    "count": _all_of_a_kind,
    "count_boxes": _all_of_a_kind,
    "count_points": _all_of_a_kind,
}
