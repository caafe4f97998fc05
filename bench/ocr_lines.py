"""Lines of English a second and core beside TRDG and SynthTIGER: the same texts at the same size of type, one process each, CPU time.

Ours is the whole chain: text drawn from the corpus, set, drawn as ink, laid on a ground, warped, lit, blurred, JPEG, questions with boxes,
and every answer proved; as in a worker, all lines are made before all are proved, and the garbage collector is set as it is there. The
rivals draw the text with their own effects and encode a JPEG; they prove nothing. TRDG: skew and blur over noise, without boxes. SynthTIGER
has no ready template in its wheel, so its components are put together in three ways:

- `alike`: what our photographs have, as far as SynthTIGER has it: text in one font, perspective, one line in three bent, a textured ground
  (ours, as JPEG files of a line's size), a shadow in half of the pictures, blur and noise. No boxes.
- `boxes`: the same with each letter as a layer, as in the example of its repository: its one way to boxes.
- `plain`: blur and noise over a plain colour, which is less than ours.

Both want pillow < 10 and numpy < 1.24, so an environment of their own:

    python3.11 -m venv RIVALS && RIVALS/bin/pip install "numpy<1.24" "pillow<10" trdg==1.8.0 synthtiger==1.2.1
    PYTHONPATH=. python bench/ocr_lines.py --rivals RIVALS/bin/python
"""

import argparse
import gc
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dags.corpus import GC_THRESHOLDS
from dags.terminal import print_table
from schemas.family import AnyFamily
from schemas.sample import Sample
from schemas.seeds import stream
from synth.load import load_family
from synth.make import draft_sample, make_sample, verify_sample
from synth.render.fonts import TYPEFACES, font_path
from synth.render.grounds import GROUNDS, PAPERS, SURFACES
from synth.render.pixels import jpeg

TYPE_PX = 32
"""Pixels an em, of ours and of SynthTIGER's, whose `size` is that of the type."""
LINE_PX = 48
"""Height of a picture of TRDG, whose `size` it is: type of about 32 px an em."""
RIVALS = {
    "trdg": "TRDG",
    "alike": "SynthTIGER, comparable effects",
    "boxes": "SynthTIGER, the same and boxes",
    "plain": "SynthTIGER, blur and noise alone",
}
RIVAL = """
import io, json, sys, time
import numpy as np
from PIL import Image
texts, which, font, size = json.load(open(sys.argv[1])), sys.argv[2], sys.argv[3], int(sys.argv[4])
areas, boxes = [], []
def save(image):
    areas.append(image.width * image.height)
    image.convert("RGB").save(io.BytesIO(), "JPEG", quality=85)
if which == "trdg":
    from trdg.generators import GeneratorFromStrings
    def run(texts):
        made = GeneratorFromStrings(texts, count=len(texts), size=size, skewing_angle=2, random_skew=True, blur=1, random_blur=True)
        for image, text in made:
            save(image)
elif which in ("alike", "boxes"):
    from synthtiger import components, layers
    layout = components.Selector([components.FlowLayout(), components.CurveLayout(curve=(2, 8))], weights=[2, 1])
    bend = components.Switch(components.ElasticDistortion(alpha=(15, 30), sigma=(4, 12)), prob=1 / 3)
    perspective = components.Perspective(percents=((0.9, 1.0), (0.9, 1.0), (0.9, 1.0), (0.9, 1.0)))
    texture = components.BaseTexture(paths=[sys.argv[5]], weights=[1], crop=1)
    shadow, blur = components.Switch(components.Shadow(intensity=(0, 96)), prob=0.5), components.GaussianBlur(sigma=(0, 1))
    noise = components.AdditiveGaussianNoise(scale=(4, 8))
    def run(texts):
        for text in texts:
            if which == "boxes":
                letters = [layers.TextLayer(letter, font, size, (20, 20, 20, 255)) for letter in text]
                layout.apply(letters)
                line = layers.Group(letters).merge()
            else:
                letters, line = [], layers.TextLayer(text, font, size, (20, 20, 20, 255))
                bend.apply([line])
            perspective.apply([line, *letters])
            ground = layers.RectLayer(line.size + 24, (235, 230, 225, 255))
            ground.center = line.center
            texture.apply([ground])
            boxes.append([letter.bbox - [*ground.topleft, 0, 0] for letter in letters])
            image = (line + ground).merge()
            shadow.apply([image])
            blur.apply([image])
            noise.apply([image])
            save(Image.fromarray(image.output().astype(np.uint8)[..., :3]))
else:
    from synthtiger import components, layers
    blur = components.GaussianBlur(sigma=(0, 1))
    noise = components.AdditiveGaussianNoise(scale=(4, 8))
    def run(texts):
        for text in texts:
            line = layers.TextLayer(text, font, size, (20, 20, 20, 255))
            ground = layers.RectLayer(line.size + 24, (235, 230, 225, 255))
            ground.center = line.center
            image = (line + ground).merge()
            blur.apply([image])
            noise.apply([image])
            save(Image.fromarray(image.output().astype(np.uint8)[..., :3]))
run(texts[:5])
areas.clear()
start = time.process_time()
run(texts)
print(json.dumps([time.process_time() - start, sum(areas) / len(areas)]))
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rivals", required=True, help="a Python with trdg and synthtiger")
    parser.add_argument("--lines", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=3, help="each is timed so often, one after the other; the best of each counts")
    chosen = parser.parse_args()
    gc.set_threshold(*GC_THRESHOLDS)
    params = {"languages": ["en"], "units": ["line"], "wear": ["photo"], "questions": 1, "min_size_px": TYPE_PX, "max_size_px": TYPE_PX}
    params["damaged"] = 0.0  # no rival hides words; proving that one cannot be read takes ten times as long as a line
    family = load_family("ocr.line", params, "bench/ocr_lines.py")
    for index in range(100):
        make_sample(family, "ocr.line", index, 1)
    seconds, made = _timed(family, chosen.lines, 2)
    proved = sum(all(verdict.passed for verdict in sample.verdicts) for sample in made)
    texts = [json.loads(sample.truth)["text"] for sample in made]
    area = sum(image.width_px * image.height_px for sample in made for image in sample.images) / chosen.lines
    areas, rates, ours = {"": area}, dict.fromkeys(RIVALS, 0.0), chosen.lines / seconds
    for number in range(chosen.rounds):
        if number:  # other lines each time, so that no cache knows them
            ours = max(ours, chosen.lines / _timed(family, chosen.lines, 2 + number)[0])
        for which in RIVALS:
            some = texts[: len(texts) // 10] if which == "boxes" else texts
            rate, areas[which] = rival(chosen.rivals, which, LINE_PX if which == "trdg" else TYPE_PX, some)
            rates[which] = max(rates[which], rate)
    rows: list[list[object]] = [["Assay, boxes and proof included", TYPE_PX, f"{areas[''] / 1000:.0f}", f"{ours:.1f}", "1.0"]]
    for which, name in RIVALS.items():
        size = LINE_PX if which == "trdg" else TYPE_PX
        rows.append([name, size, f"{areas[which] / 1000:.0f}", f"{rates[which]:.1f}", f"{ours / rates[which]:.1f}"])
    print_table("English lines a second and core", ["who", "size", "kpx a picture", "lines/s", "ours over this"], rows)
    print(f"{proved} of our {chosen.lines} lines are proved; a worker drops the others")
    return 0


def _timed(family: AnyFamily, lines: int, seed: int) -> tuple[float, list[Sample]]:
    """Seconds of CPU time for so many lines, and the lines."""
    start = time.process_time()
    drafts = [draft_sample(family, "ocr.line", index, seed) for index in range(lines)]
    made = [verify_sample(family, draft) for draft in drafts]
    return time.process_time() - start, made


def rival(python: str, which: str, size: int, texts: list[str]) -> tuple[float, float]:
    """Lines a second of CPU time, and the mean area of a picture in pixels."""
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as scratch:
        script, data = Path(scratch, "rival.py"), Path(scratch, "texts.json")
        script.write_text(RIVAL, encoding="utf-8")
        data.write_text(json.dumps(texts), encoding="utf-8")
        font = str(font_path(TYPEFACES["noto-sans"].regular))
        textures = Path(scratch, "textures")
        textures.mkdir()
        for name in (*PAPERS, *SURFACES):
            ground = GROUNDS[name](512, 128, stream(1, name)).rgb()
            Path(textures, f"{name}.jpg").write_bytes(jpeg(ground, 85, fine_colour=False))
        command = [python, str(script), str(data), which, font, str(size), str(textures)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, area = json.loads(done.stdout.strip().splitlines()[-1])
    return len(texts) / seconds, area


if __name__ == "__main__":
    sys.exit(main())
