"""Pictures against scenes, and wrong answers against the verifier."""

import io
import json
import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from schemas.bbox_3d import Codec, LabelledBox3D, parse_boxes_3d, write_boxes_3d
from schemas.dialect import parse_boxes, write_boxes
from schemas.errors import DataError
from schemas.geometry_3d import Box3D, Camera, looking, multiply, rotation_about, transpose
from schemas.sample import Image, Sample, Stored, Turn
from schemas.seeds import stream
from synth.make import make_sample, truth_adapter
from synth.spatial.develop import Look, develop
from synth.spatial.grounding import Grounding, Truth
from synth.spatial.mesh import scene_attachment, scene_meshes
from synth.spatial.objects import Material, Thing
from synth.spatial.proof_facts import Facts, colour_name
from synth.spatial.proof_picture import StoredPicture
from synth.spatial.scene import Light, Scene, Shell, draw_scene
from synth.spatial.seen import look
from synth.spatial.shade import Shader, View
from synth.spatial.stored_scene import read_scene

NAME = "spatial.grounding"
RED, GREEN, BLUE, GREY = ((176, 36, 34), (58, 122, 62), (44, 84, 160), (134, 134, 136))


def made_of(name: str, rgb: tuple[int, int, int]) -> Material:
    return Material("paint", name, rgb, 1)


def marked_scene(camera: Camera) -> Scene:
    """A room that looks like no mirror image of itself: a tall red block far left, a low blue one near right, a green one on it."""
    blocks = [
        ("red", RED, (0.6, 0.4, 1.6), (1.0, 4.2, 0.0)),
        ("blue", BLUE, (0.8, 0.5, 0.5), (3.1, 2.6, 0.0)),
        ("green", GREEN, (0.2, 0.2, 0.3), (3.1, 2.6, 0.5)),
    ]
    things = tuple(
        Thing("toy_block", size, place, 0.0, 1, {"body": made_of(name, rgb)}, 1 if name == "green" else None)
        for name, rgb, size, place in blocks
    )
    shell = Shell(4.0, 5.0, 2.5, False, made_of("grey", GREY), made_of("white", (225, 225, 225)), made_of("white", (225, 225, 225)), None)
    return Scene("test", shell, things, camera, (Light("lamp", (2.0, 2.5, 2.3), 0.2, (1.0, 1.0, 1.0), 3.0),), (0.3, 0.3, 0.3))


def level(roll: float = 0.0) -> Camera:
    return Camera(320, 240, 220.0, 220.0, 160.0, 120.0, looking((0.0, 1.0, -0.1), roll), (2.0, 0.3, 1.3))


def drawn(scene: Scene) -> tuple[View, Image]:
    view = Shader(scene, scene_meshes(scene), stream(1, "light")).draw()
    return view, develop(view.light, Look(0.4, 0.1, 0.1, 1e-5, 0.001, 0), stream(1, "develop"))


def test_a_marked_scene_is_not_mirrored_and_not_upside_down() -> None:
    view, picture = drawn(marked_scene(level()))
    pixels = np.asarray(Pillow.open(io.BytesIO(picture.data))).astype(int)
    strongest = {
        name: np.argwhere(pixels[..., k] > 1.6 * np.delete(pixels, k, 2).max(axis=2)) for k, name in enumerate(("red", "green", "blue"))
    }
    middle = {name: found.mean(axis=0) for name, found in strongest.items()}
    assert middle["red"][1] < 120 < 200 < middle["blue"][1]  # the red block is left
    assert middle["green"][0] < middle["blue"][0]  # the green one is on top
    red, blue, green = (look(marked_scene(level()), scene_meshes(marked_scene(level())), view)[k] for k in range(3))
    assert red.box.center[0] < 0 < blue.box.center[0]
    assert red.box.center[2] > blue.box.center[2] + 1  # and farther
    assert green.box.center[1] < blue.box.center[1]  # y points down
    assert blue.box.size == (0.8, 0.5, 0.5)  # x is width, y height, z depth
    assert math.dist(red.box.center, (-1.0, 0.5, 3.9)) < 0.5


def test_masks_and_depths_of_two_ways_of_drawing_agree() -> None:
    for scene in (marked_scene(level(0.1)), truth_of(sample()).scene):
        meshes = scene_meshes(scene)
        view = Shader(scene, meshes, stream(1, "light")).draw()
        facts = Facts(read_scene(scene_attachment(scene, meshes).data))
        shell = sum(mesh.thing < 0 for mesh in meshes)
        mine = np.where(facts.item_map < shell, -1, facts.item_map - shell)
        assert (mine != view.thing).mean() < 2e-4
        both = np.isfinite(view.depth) & np.isfinite(facts.buffer.depth) & (mine == view.thing)
        assert np.percentile(np.abs(view.depth - facts.buffer.depth)[both], 99.5) < 1e-6


def test_what_is_told_is_what_the_verifier_measures() -> None:
    scene = marked_scene(level(-0.2))
    meshes = scene_meshes(scene)
    facts = Facts(read_scene(scene_attachment(scene, meshes).data))
    seen = look(scene, meshes, drawn(scene)[0])
    for item, number in zip(seen, facts.things(), strict=True):
        assert facts.share(number) == pytest.approx(item.share, abs=0.03)
        assert facts.distance(number) == pytest.approx(item.distance_m, abs=0.02)
        assert not facts.fault(number)
    assert [facts.colours(n) for n in facts.things()] == [{"red": 1.0}, {"blue": 1.0}, {"green": 1.0}]
    assert [facts.stands_on(n) for n in facts.things()] == [None, None, facts.things()[1]]


def test_colours_whose_name_people_would_dispute_have_none() -> None:
    wood, teal_grey = np.array([0.3, 0.16, 0.06]), np.array([0.1, 0.12, 0.13])
    assert colour_name(wood) == ""
    assert colour_name(teal_grey) in ("", "grey")
    assert colour_name(np.array([0.8, 0.8, 0.8])) == "white"
    assert colour_name(np.array([0.024, 0.01, 0.011])) == "black"


# --- wrong answers -----------------------------------------------------------------------------------------------------------------------


@cache
def sample(index: int = 0, codec: Codec = "qwen3vl-cookbook", virtual: int = 0, place: str = "living room") -> Sample:
    return make_sample(family(codec, virtual, place), NAME, index, 99)


def family(codec: Codec = "qwen3vl-cookbook", virtual: int = 0, place: str = "living room") -> Grounding:
    return Grounding(places=(place,), min_side_px=512, max_side_px=512, questions=11, codec=codec, virtual_focal_px=virtual)


def truth_of(of: Sample) -> Truth:
    found: Truth = truth_adapter(family()).validate_json(of.truth)
    return found


def passed(of: Sample, turns: tuple[Turn, ...], stored: Stored | None = None, by: Grounding | None = None) -> dict[str, bool]:
    return {v.task: v.passed for v in (by or family()).verify(stored or of.stored, turns, truth_of(of))}


def changed(
    of: Sample, change: Callable[[list[LabelledBox3D]], list[LabelledBox3D]], codec: Codec = "qwen3vl-cookbook"
) -> tuple[Turn, ...]:
    """The turns with every list of boxes in space changed."""
    out = []
    for turn in of.turns:
        if turn.role == "assistant" and "bbox_3d" in turn.text:
            turn = replace(turn, text=write_boxes_3d(change(list(parse_boxes_3d(turn.text, codec))), codec))
        out.append(turn)
    return tuple(out)


def each(change: Callable[[Box3D], Box3D]) -> Callable[[list[LabelledBox3D]], list[LabelledBox3D]]:
    return lambda boxes: [replace(item, box=change(item.box)) for item in boxes]


def in_world(box: Box3D) -> Box3D:
    camera = truth_of(sample()).scene.camera
    back = transpose(camera.rotation)
    world = Box3D(box.center, box.size, box.rotation).seen_by(Camera(1, 1, 1, 1, 0, 0, back))
    x, y, z = world.center
    px, py, pz = camera.position
    return replace(world, center=(x + px, y + py, z + pz))


WRONG: dict[str, Callable[[list[LabelledBox3D]], list[LabelledBox3D]]] = {
    "mirrored": each(lambda b: replace(b, center=(-b.center[0] - 0.05, b.center[1], b.center[2]))),
    "upside down": each(lambda b: replace(b, center=(b.center[0], -b.center[1] + 0.05, b.center[2]))),
    "width and height exchanged": each(lambda b: replace(b, size=(b.size[1] * 1.03 + 0.01, b.size[0], b.size[2]))),
    "yaw + 90": each(lambda b: replace(b, rotation=multiply(b.rotation, rotation_about(1, math.pi / 2)))),
    "yaw + 180": each(lambda b: replace(b, rotation=multiply(b.rotation, rotation_about(1, math.pi)))),
    "world frame": each(in_world),
    "distance for depth": each(lambda b: replace(b, center=(b.center[0], b.center[1], math.dist((0, 0, 0), b.center) + 0.02))),
    "twice as large": each(lambda b: replace(b, size=tuple(2 * s for s in b.size))),  # type: ignore[arg-type] # three of them
    "twice as far": each(lambda b: replace(b, center=tuple(2 * s for s in b.center))),  # type: ignore[arg-type] # three of them
    "five centimetres aside": each(lambda b: replace(b, center=(b.center[0] + 0.05, *b.center[1:]))),
    "base for centre": each(lambda b: replace(b, center=(b.center[0], b.center[1] + b.size[1] / 2, b.center[2]))),
    "one too many": lambda boxes: [*boxes, boxes[0]] if boxes else [LabelledBox3D(Box3D((0, 0, 2), (1, 1, 1)), "chair")],
    "one missing": lambda boxes: boxes[1:] or [LabelledBox3D(Box3D((0, 0, 2), (1, 1, 1)), "chair")],
    "another name": lambda boxes: [replace(item, label="spoon") for item in boxes] or [LabelledBox3D(Box3D((0, 0, 2), (1, 1, 1)), "spoon")],
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_boxes_in_space_are_refused(kind: str) -> None:
    for index in (0, 1):
        turns = changed(sample(index), WRONG[kind])
        asked = [turn for turn in turns if turn.role == "assistant"]
        right = [turn for turn in sample(index).turns if turn.role == "assistant"]
        verdicts = passed(sample(index), turns)
        tried = [new.task for new, old in zip(asked, right, strict=True) if new.text != old.text]
        assert tried
        assert not [task for task in tried if verdicts[task]]


@pytest.mark.parametrize(("codec", "virtual"), [("radians-rpy", 0), ("qwen3vl-cookbook", 512), ("radians-rpy", 800)])
def test_each_notation_is_proved_and_no_other_is_taken_for_it(codec: Codec, virtual: int) -> None:
    mine = sample(0, codec, virtual)
    assert all(verdict.passed for verdict in mine.verdicts)
    other = family("qwen3vl-cookbook", 0)
    verdicts = passed(mine, mine.turns, by=other)
    assert not any(good for task, good in verdicts.items() if "3d" in task)


def test_boxes_moved_by_a_third_and_points_beside_are_refused() -> None:
    mine = sample()
    turns = []
    for turn in mine.turns:
        if turn.role == "assistant" and turn.text.startswith("```json") and "bbox_2d" in turn.text:
            body, _, tail = turn.text.rpartition("```")
            boxes = parse_boxes(body + "```")
            moved = []
            for item in boxes:
                x0, y0, x1, y1 = item.box_1000
                by = max(6, (y1 - y0) // 3) * (1 if y1 < 700 else -1)
                moved.append(replace(item, box_1000=(x0, max(0, y0 + by), x1, min(1000, y1 + by))))
            turn = replace(turn, text=write_boxes(moved) + tail) if moved else replace(turn, text=turn.text + "1")
        elif turn.role == "assistant" and "point_2d" in turn.text:
            turn = replace(turn, text=turn.text.replace('point_2d": [', 'point_2d": [1').replace("[1", "[", 0))
        turns.append(turn)
    verdicts = passed(mine, tuple(turns))
    assert not any(good for task, good in verdicts.items() if task in ("detect_2d", "refer_2d", "count_boxes"))


def test_questions_that_say_otherwise_than_their_programs_are_refused() -> None:
    mine = sample()
    turns = tuple(replace(t, text=t.text.replace("Answer in JSON", "Answer in XML")) for t in mine.turns)
    assert not any(good for task, good in passed(mine, turns).items() if task != "count")
    assert all(passed(mine, mine.turns).values())


def test_what_is_said_to_be_round_must_be_and_what_is_must_be_said() -> None:
    for told in ([], ["cushion", "no such thing"]):
        mine, tried = sample(), set[str]()
        turns = []
        for turn in mine.turns:
            if turn.proof and isinstance(turn.proof.program, dict) and turn.proof.program.get("round", told) != told:
                tried.add(turn.task)
                turn = replace(turn, proof=replace(turn.proof, program={**turn.proof.program, "round": [*told]}))
            turns.append(turn)
        verdicts = passed(mine, tuple(turns))
        assert not any(good for task, good in verdicts.items() if task in tried)
    assert tried


# --- wrong pictures and scenes -----------------------------------------------------------------------------------------------------------


def as_png(pixels: NDArray[np.uint8]) -> Image:
    buffer = io.BytesIO()
    Pillow.fromarray(np.ascontiguousarray(pixels)).save(buffer, "PNG")
    return Image.of(buffer.getvalue(), "png", pixels.shape[1], pixels.shape[0])


@pytest.mark.parametrize("kind", ["mirrored", "upside down", "shifted", "another", "smaller", "red for blue", "nothing"])
def test_a_picture_that_is_not_of_the_scene_is_refused(kind: str) -> None:
    mine = sample(1)  # its walls have a colour: in a grey room, things that are grey look right with red for blue, too
    pixels = np.asarray(Pillow.open(io.BytesIO(mine.images[0].data)).convert("RGB"))
    other = np.asarray(Pillow.open(io.BytesIO(sample(0, place="kitchen").images[0].data)).convert("RGB").resize(pixels.shape[1::-1]))
    wrong = {
        "mirrored": pixels[:, ::-1],
        "upside down": pixels[::-1],
        "shifted": np.roll(pixels, 8, axis=1),
        "another": other,
        "smaller": pixels[::2, ::2],
        "red for blue": pixels[:, :, ::-1],
        "nothing": np.full_like(pixels, 128),
    }[kind]
    stored = replace(mine.stored, images=(as_png(wrong),))
    assert not any(passed(mine, mine.turns, stored).values())


def test_grey_in_the_place_of_red_is_missed() -> None:
    """Reflections may pale a colour half-way, not wholly."""
    scene = marked_scene(level())
    _, picture = drawn(scene)
    facts = Facts(read_scene(scene_attachment(scene, scene_meshes(scene)).data))
    number = facts.things()[0]
    pixels = np.asarray(Pillow.open(io.BytesIO(picture.data)).convert("RGB")).copy()
    mask = facts.mask(number)
    pixels[mask] = pixels[mask].mean(axis=1, keepdims=True).astype(np.uint8)
    assert not StoredPicture(picture, facts).thing_fault(number)
    assert "hue" in StoredPicture(as_png(pixels), facts).thing_fault(number)


def test_what_does_not_stand_out_is_not_asked_about() -> None:
    scene = marked_scene(level())
    view, picture = drawn(scene)
    meshes = scene_meshes(scene)
    pixels = np.asarray(Pillow.open(io.BytesIO(picture.data)).convert("RGB"))
    assert all(item.clear for item in look(scene, meshes, view, pixels))
    assert not any(item.clear for item in look(scene, meshes, view, np.full_like(pixels, 90)))


def test_a_thing_painted_over_is_missed() -> None:
    scene = marked_scene(level())
    _, picture = drawn(scene)
    facts = Facts(read_scene(scene_attachment(scene, scene_meshes(scene)).data))
    number = facts.things()[0]
    whole = StoredPicture(picture, facts)
    assert not whole.fault()
    assert not whole.thing_fault(number)
    bare = replace(scene, things=scene.things[1:])
    erased = StoredPicture(drawn(bare)[1], facts)
    assert "hue" in erased.thing_fault(number) or "outline" in erased.thing_fault(number)


@pytest.mark.parametrize("kind", ["moved", "turned", "grown", "shrunk"])
def test_a_box_that_does_not_fit_its_mesh_is_refused(kind: str) -> None:
    mine = sample()
    data = mine.attachments[0].data
    size = int.from_bytes(data[12:16], "little")
    document = json.loads(data[20 : 20 + size])
    for node in document["nodes"]:
        box = node.get("extras", {}).get("box")
        if box and kind == "moved":
            box["center"][0] += 0.03
        elif box and kind == "turned":
            box["rotation"] = [
                [-v for v in row[:1]] + [row[1]] + [-v for v in row[2:]] for row in box["rotation"]
            ]  # half a turn, one quaternion
        elif box:
            box["size"] = [side * (1.05 if kind == "grown" else 0.95) + (0.003 if kind == "grown" else -0.003) for side in box["size"]]
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    rest = data[20 + size :]
    changed_data = data[:8] + (20 + len(text) + len(rest)).to_bytes(4, "little") + len(text).to_bytes(4, "little") + b"JSON" + text + rest
    stored = replace(mine.stored, attachments=(replace(mine.attachments[0], data=changed_data),))
    verdicts = passed(mine, mine.turns, stored)
    asked = {t.task for t in mine.turns if t.role == "assistant" and t.proof and t.proof.evidence}
    assert not any(verdicts[task] for task in asked)


def test_a_place_that_shows_nothing_is_no_sample() -> None:
    with pytest.raises(DataError, match="nothing_to_see"):
        draw_scene("desktop", 320, 0.0, stream(1, "truth"))
