"""Draws stored scenes with Blender: picture, instance mask, boxes. Run by `spatial_scenes.py --blender`, with a Python that has `bpy`.

    python bench/blender_scenes.py FOLDER ENGINE

Reads FOLDER/*.glb, as Assay attaches them; writes FOLDER/*.png, FOLDER/*-mask.png and FOLDER/*.json beside them; prints a line of JSON:
scenes, CPU seconds of this process after the first scene, and the engine. The mask is a second pass of Workbench in flat colours without
smoothing, which is quicker than the index pass of Cycles or EEVEE's Cryptomatte.
"""

import json
import math
import resource
import sys
from pathlib import Path
from typing import Any

import bpy  # type: ignore[import-not-found] # in Blender's own Python only
import mathutils  # type: ignore[import-not-found] # as above
import numpy as np


def main() -> None:
    folder, engine = Path(sys.argv[1]), sys.argv[2]
    used, count = [], 0
    for path in sorted(folder.glob("*.glb")):
        used.append(cpu_s())
        draw(path, engine)
        count += 1
    used.append(cpu_s())
    print(json.dumps({"engine": engine, "scenes": count - 1, "cpu_s": used[-1] - used[1], "version": bpy.app.version_string}))


def cpu_s() -> float:
    """Of this process, all threads."""
    found = resource.getrusage(resource.RUSAGE_SELF)
    return found.ru_utime + found.ru_stime


def draw(path: Path, engine: str) -> None:
    """One scene."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=str(path))
    scene = bpy.context.scene
    scene.camera = next(thing for thing in scene.objects if thing.type == "CAMERA")
    data = path.read_bytes()
    document = json.loads(data[20 : 20 + int.from_bytes(data[12:16], "little")])
    told = document["scenes"][0]["extras"]["camera"]
    scene.render.resolution_x, scene.render.resolution_y = told["width_px"], told["height_px"]
    scene.render.resolution_percentage = 100
    scene.camera.data.sensor_fit = "HORIZONTAL"
    scene.camera.data.angle_x = 2 * math.atan(told["width_px"] / 2 / told["fx"])
    lamp = bpy.data.lights.new("lamp", "POINT")
    lamp.energy, lamp.shadow_soft_size = 150, 0.2
    placed = bpy.data.objects.new("lamp", lamp)
    placed.location = (2.0, 2.0, 2.3)
    scene.collection.objects.link(placed)
    scene.render.engine = engine
    if engine == "CYCLES":
        scene.cycles.samples, scene.cycles.use_denoising = 1, False
    elif engine == "BLENDER_WORKBENCH":
        shading = scene.display.shading
        shading.light, shading.color_type, shading.show_shadows, shading.show_cavity = "STUDIO", "MATERIAL", True, True
    scene.render.filepath = str(path.with_suffix(".png"))
    bpy.ops.render.render(write_still=True)
    things = sorted((t for t in scene.objects if t.type == "MESH" and t.name.startswith("thing-")), key=lambda t: t.name)
    mask(scene, things, path)


def mask(scene: Any, things: list[Any], path: Path) -> None:
    """A second pass in flat colours, one a thing, and the boxes read from it."""
    scene.render.engine, scene.display.render_aa = "BLENDER_WORKBENCH", "OFF"
    scene.view_settings.view_transform = "Raw"
    shading = scene.display.shading
    shading.light, shading.color_type, shading.show_shadows, shading.show_cavity = "FLAT", "OBJECT", False, False
    for thing in scene.objects:
        thing.color = (0, 0, 0, 1)
    for number, thing in enumerate(things, 1):
        thing.color = ((number & 255) / 255, (number >> 8) / 255, 1, 1)
    target = path.with_name(path.stem + "-mask.png")
    scene.render.filepath = str(target)
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(str(target))
    image.colorspace_settings.name = "Non-Color"
    w, h = image.size
    pixels = np.empty(w * h * 4, np.float32)
    image.pixels.foreach_get(pixels)
    red, green, blue, _ = np.round(pixels.reshape(h, w, 4)[::-1] * 255).astype(int).transpose(2, 0, 1)
    numbers = np.where(blue > 127, red + 256 * green, 0)
    seen = {}
    for number, thing in enumerate(things, 1):
        rows, columns = np.nonzero(numbers == number)
        if len(rows):
            corners = [[round(v, 4) for v in thing.matrix_world @ mathutils.Vector(corner)] for corner in thing.bound_box]
            box = [int(columns.min()), int(rows.min()), int(columns.max() + 1), int(rows.max() + 1)]
            seen[thing.name] = {"pixels": len(rows), "box_px": box, "corners": corners}
    path.with_suffix(".json").write_text(json.dumps(seen))


if __name__ == "__main__":
    main()
