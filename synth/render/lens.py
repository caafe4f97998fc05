"""What a lens and a sensor do to a picture: blur, a shaken hand, noise."""

from numpy.random import Generator

from synth.render.pixels import NORMAL_SIGMA, Grey, blended, blurred, enlarged, flipped, normal_noise, shifted, turned, weighted
from synth.render.planes import Planes


def blur(picture: Grey, sigma: float) -> Grey:
    """A blur of that standard deviation, in pixels."""
    return blurred(picture, sigma)


def smear(picture: Grey, reach: tuple[int, int]) -> Grey:
    """A straight smear from -`reach` to `reach`: first short steps, then long ones, so that no ghosts remain."""
    if reach == (0, 0):
        return picture
    length = max(abs(reach[0]), abs(reach[1]))
    for part in range(length.bit_length() - 1, -1, -1):
        dx, dy = round(reach[0] / 2**part), round(reach[1] / 2**part)
        picture = blended(picture, shifted(picture, dx, dy), 0.5)
        picture = blended(picture, shifted(picture, -dx, -dy), 0.5)
    return picture


def add_noise(photo: Planes, sigma: float, grain_px: float, rng: Generator) -> Planes:
    """Normal noise in brightness, of that standard deviation (below 20 levels), in grains of so many pixels; a third of it in colour."""
    width, height = (max(1, round(side / grain_px)) for side in photo.size)
    # Enlarging by interpolation evens noise out, to 2/3 of its height an axis at most.
    grain = normal_noise((width, height), rng)
    noise = grain if (width, height) == photo.size else enlarged(grain, photo.size)
    luma = weighted(photo.luma, noise, sigma * min(1.6, max(1.0, grain_px)) / NORMAL_SIGMA, 128)
    # The same grains, seen elsewhere: other places, other sizes, so nothing of it shows.
    rows, columns = photo.blue.shape
    mottle = grain[: min(rows, height), : min(columns, width)]
    if mottle.shape != photo.blue.shape:
        mottle = enlarged(mottle, (columns, rows))
    fine = sigma / (3 * NORMAL_SIGMA)
    return Planes(luma, weighted(photo.blue, turned(mottle), fine, 128), weighted(photo.red, flipped(mottle), fine, 128), photo.step)
