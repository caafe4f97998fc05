"""Lines of English a second and core beside TRDG and SynthTIGER: the same texts at the same size of type, one process each, CPU time.

Ours is the whole chain: text drawn from the corpus, set, drawn as ink, laid on a ground, warped, lit, blurred, JPEG, questions with boxes,
and every answer proved; the garbage collector is set as workers have it. The rivals draw the text with their own effects and encode a
JPEG; they give no word boxes and prove nothing. TRDG: skew and blur over noise. SynthTIGER has no ready template in its wheel: text in one
font, perspective, blur and noise over a plain colour.

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
from synth.load import load_family
from synth.make import make_sample
from synth.render.fonts import TYPEFACES, font_path

TYPE_PX = 32
"""Pixels an em, of ours and of SynthTIGER's, whose `size` is that of the type."""
LINE_PX = 48
"""Height of a picture of TRDG, whose `size` it is: type of about 32 px an em. SynthTIGER is shown at it, too, as earlier figures had it."""
RIVAL = """
import io, json, sys, time
import numpy as np
from PIL import Image
texts, which, font, size = json.load(open(sys.argv[1])), sys.argv[2], sys.argv[3], int(sys.argv[4])
areas = []
def save(image):
    areas.append(image.width * image.height)
    image.convert("RGB").save(io.BytesIO(), "JPEG", quality=85)
if which == "trdg":
    from trdg.generators import GeneratorFromStrings
    def run(texts):
        made = GeneratorFromStrings(texts, count=len(texts), size=size, skewing_angle=2, random_skew=True, blur=1, random_blur=True)
        for image, text in made:
            save(image)
else:
    from synthtiger import components, layers
    perspective, blur = components.Perspective(), components.GaussianBlur(sigma=(0, 1))
    noise = components.AdditiveGaussianNoise(scale=(4, 8))
    def run(texts):
        for text in texts:
            line = layers.TextLayer(text, font, size, (20, 20, 20, 255))
            perspective.apply([line])
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
    chosen = parser.parse_args()
    gc.set_threshold(*GC_THRESHOLDS)
    params = {"languages": ["en"], "units": ["line"], "wear": ["photo"], "questions": 1, "min_size_px": TYPE_PX, "max_size_px": TYPE_PX}
    params["damaged"] = 0.0  # no rival hides words; proving that one cannot be read takes ten times as long as a line
    family = load_family("ocr.line", params, "bench/ocr_lines.py")
    for index in range(100):
        make_sample(family, "ocr.line", index, 1)
    start = time.process_time()
    made = [make_sample(family, "ocr.line", index, 2) for index in range(chosen.lines)]
    ours = chosen.lines / (time.process_time() - start)
    texts = [json.loads(sample.truth)["text"] for sample in made]
    area = sum(image.width_px * image.height_px for sample in made for image in sample.images) / chosen.lines
    rows: list[list[object]] = [["Assay, boxes and proof included", TYPE_PX, f"{area / 1000:.0f}", f"{ours:.1f}", "1.0"]]
    for which, size in (("trdg", LINE_PX), ("synthtiger", TYPE_PX), ("synthtiger", LINE_PX)):
        rate, area = rival(chosen.rivals, which, size, texts)
        rows.append([which, size, f"{area / 1000:.0f}", f"{rate:.1f}", f"{ours / rate:.1f}"])
    print_table("English lines a second and core", ["who", "size", "kpx a picture", "lines/s", "ours over this"], rows)
    return 0


def rival(python: str, which: str, size: int, texts: list[str]) -> tuple[float, float]:
    """Lines a second of CPU time, and the mean area of a picture in pixels."""
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as scratch:
        script, data = Path(scratch, "rival.py"), Path(scratch, "texts.json")
        script.write_text(RIVAL, encoding="utf-8")
        data.write_text(json.dumps(texts), encoding="utf-8")
        font = str(font_path(TYPEFACES["noto-sans"].regular))
        done = subprocess.run([python, str(script), str(data), which, font, str(size)], check=True, capture_output=True, text=True)
    seconds, area = json.loads(done.stdout.strip().splitlines()[-1])
    return len(texts) / seconds, area


if __name__ == "__main__":
    sys.exit(main())
