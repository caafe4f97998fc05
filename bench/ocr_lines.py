"""Lines of English a second and core beside TRDG and SynthTIGER: the same texts at the same height, one process each, CPU time.

Ours is the whole chain: text drawn from the corpus, set, drawn as ink, laid on a ground, warped, lit, blurred, JPEG, questions with boxes,
and every answer proved. The rivals draw the text with their own effects and encode a JPEG; they give no word boxes and prove nothing. TRDG:
skew and blur over noise. SynthTIGER has no ready template in its wheel: text in one font, perspective, blur and noise over a plain colour.

Both want pillow < 10 and numpy < 1.24, so an environment of their own:

    python3.11 -m venv RIVALS && RIVALS/bin/pip install "numpy<1.24" "pillow<10" trdg==1.8.0 synthtiger==1.2.1
    PYTHONPATH=. python bench/ocr_lines.py --rivals RIVALS/bin/python
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dags.terminal import print_table
from synth.load import load_family
from synth.make import make_sample
from synth.render.fonts import TYPEFACES, font_path

HEIGHT_PX = 48
RIVAL = """
import io, json, sys, time
import numpy as np
from PIL import Image
texts, which, font = json.load(open(sys.argv[1])), sys.argv[2], sys.argv[3]
def save(image):
    image.convert("RGB").save(io.BytesIO(), "JPEG", quality=85)
if which == "trdg":
    from trdg.generators import GeneratorFromStrings
    def run(texts):
        made = GeneratorFromStrings(texts, count=len(texts), size=48, skewing_angle=2, random_skew=True, blur=1, random_blur=True)
        for image, text in made:
            save(image)
else:
    from synthtiger import components, layers
    perspective, blur = components.Perspective(), components.GaussianBlur(sigma=(0, 1))
    noise = components.AdditiveGaussianNoise(scale=(4, 8))
    def run(texts):
        for text in texts:
            line = layers.TextLayer(text, font, 48, (20, 20, 20, 255))
            perspective.apply([line])
            ground = layers.RectLayer(line.size + 24, (235, 230, 225, 255))
            ground.center = line.center
            image = (line + ground).merge()
            blur.apply([image])
            noise.apply([image])
            save(Image.fromarray(image.output().astype(np.uint8)[..., :3]))
run(texts[:5])
start = time.process_time()
run(texts)
print(json.dumps(time.process_time() - start))
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rivals", required=True, help="a Python with trdg and synthtiger")
    parser.add_argument("--lines", type=int, default=300)
    chosen = parser.parse_args()
    params = {"languages": ["en"], "units": ["line"], "wear": ["photo"], "questions": 1, "min_size_px": 32, "max_size_px": 32}
    family = load_family("ocr.line", params, "bench/ocr_lines.py")
    made = [make_sample(family, "ocr.line", index, 1) for index in range(20)]
    start = time.process_time()
    made = [make_sample(family, "ocr.line", index, 2) for index in range(chosen.lines)]
    ours = chosen.lines / (time.process_time() - start)
    texts = [json.loads(sample.truth)["text"] for sample in made]
    rows: list[list[object]] = [["Assay, boxes and proof included", f"{ours:.1f}", "1.0"]]
    for which in ("trdg", "synthtiger"):
        rate = rival(chosen.rivals, which, texts)
        rows.append([which, f"{rate:.1f}", f"{ours / rate:.1f}"])
    print_table("English lines a second and core", ["who", "lines/s", "ours over this"], rows)
    return 0


def rival(python: str, which: str, texts: list[str]) -> float:
    """Lines a second of CPU time."""
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as scratch:
        script, data = Path(scratch, "rival.py"), Path(scratch, "texts.json")
        script.write_text(RIVAL, encoding="utf-8")
        data.write_text(json.dumps(texts), encoding="utf-8")
        font = str(font_path(TYPEFACES["noto-sans"].regular))
        done = subprocess.run([python, str(script), str(data), which, font], check=True, capture_output=True, text=True)
    return len(texts) / float(done.stdout.strip().splitlines()[-1])


if __name__ == "__main__":
    sys.exit(main())
