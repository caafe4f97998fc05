"""Milliseconds of one core for a photo: drawing the look, taking it, storing it as JPEG, and drawing each kind of ground.

Medians of 8 pages of 1,000 x 1,400 px, 200 lines of 600 x 48 px, and 5 grounds of 800 x 600 px a kind.

    PYTHONPATH=. python bench/photo.py
"""

import itertools
import statistics
import time
from typing import get_args

from numpy.random import PCG64, Generator
from PIL import Image as Pillow

from synth.render.grounds import GROUNDS
from synth.render.photo import Wear, draw_photo, encode, take
from synth.render.planes import Planes


def marked(width: int, height: int) -> Pillow.Image:
    """A plate with strokes about as dense as text."""
    plate = Pillow.new("L", (width, height), 255)
    for y in range(12, height - 24, 28):
        for x in range(12, width - 12, 10):
            plate.paste(0, (x, y, x + 3, y + 14))
    return plate


def photo_ms(plate: Pillow.Image, wear: Wear, count: int) -> list[float]:
    """Medians of drawing, taking and storing."""
    ground = Planes.plain(plate.size, (235, 230, 215))
    laps = []
    for seed in range(count):
        rng = Generator(PCG64(seed))
        times = [time.process_time()]
        look = draw_photo(rng, wear, *plate.size)
        times.append(time.process_time())
        picture, _ = take(plate, ground, (20, 20, 60), look, rng)
        times.append(time.process_time())
        encode(picture, look)
        times.append(time.process_time())
        laps.append([1000 * (b - a) for a, b in itertools.pairwise(times)])
    return [statistics.median(lap) for lap in zip(*laps, strict=True)]


def ground_ms(name: str) -> float:
    """Median of drawing that ground."""
    laps = []
    for seed in range(5):
        start = time.process_time()
        GROUNDS[name](800, 600, Generator(PCG64(seed)))
        laps.append(1000 * (time.process_time() - start))
    return statistics.median(laps)


if __name__ == "__main__":
    for size, count in (((1000, 1400), 8), ((600, 48), 200)):
        for wear in get_args(Wear):
            draw, shoot, store = photo_ms(marked(*size), wear, count)
            print(f"{size[0]:>5} x {size[1]:<5} {wear:<6} draw {draw:5.2f}  take {shoot:6.2f}  encode {store:5.2f} ms")
    for name in GROUNDS:
        print(f"  800 x 600   {name:<15} {ground_ms(name):5.1f} ms")
