"""Design tokens: the colours, sizes, spaces and fonts of one page, drawn together so that they go together.

Text on its ground has a contrast of at least 4.5 (WCAG 2.2, 1.4.3, level AA), whatever the hue.
"""

import colorsys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from numpy.random import Generator

from schemas.languages import language

LEAST_CONTRAST = 4.5
Idiom = Literal["plain", "utility", "inline", "bootstrap", "bulma"]
Naming = Literal["kebab", "bem", "camel", "short"]
NAMINGS: tuple[Naming, ...] = get_args(Naming)
LATIN = ("Roboto", "Open Sans", "Noto Sans", "Rubik", "Sarabun", "DejaVu Sans")
LATIN_SERIF = ("Noto Serif", "Lora", "Source Serif 4", "DejaVu Serif")
SCRIPT_FONTS: Mapping[str, tuple[str, ...]] = {
    "Arab": ("Noto Sans Arabic", "IBM Plex Sans Arabic", "Cairo", "Noto Kufi Arabic"),
    "Hebr": ("Noto Sans Hebrew", "Heebo", "Rubik"),
    "Deva": ("Noto Sans Devanagari", "Mukta", "Baloo 2"),
    "Beng": ("Noto Sans Bengali", "Hind Siliguri"),
    "Taml": ("Noto Sans Tamil", "Catamaran"),
    "Telu": ("Noto Sans Telugu", "Anek Telugu"),
    "Thai": ("Noto Sans Thai", "Sarabun", "Kanit"),
    "Kore": ("Noto Sans CJK KR", "NanumGothic"),
    "Jpan": ("Noto Sans CJK JP", "IPAexGothic"),
    "Hans": ("Noto Sans CJK SC",),
    "Hant": ("Noto Sans CJK TC",),
    "Armn": ("Noto Sans Armenian", "DejaVu Sans"),
    "Geor": ("Noto Sans Georgian", "DejaVu Sans"),
    "Khmr": ("Noto Sans Khmer", "Noto Serif Khmer"),
    "Laoo": ("Noto Sans Lao", "Noto Serif Lao"),
    "Mymr": ("Noto Sans Myanmar", "Noto Serif Myanmar"),
    "Ethi": ("Noto Sans Ethiopic", "Noto Serif Ethiopic"),
    "Gujr": ("Noto Sans Gujarati", "Noto Serif Gujarati"),
    "Guru": ("Noto Sans Gurmukhi", "Noto Serif Gurmukhi"),
    "Knda": ("Noto Sans Kannada", "Noto Serif Kannada"),
    "Mlym": ("Noto Sans Malayalam", "Noto Serif Malayalam"),
    "Sinh": ("Noto Sans Sinhala", "Noto Serif Sinhala"),
}
"""ISO 15924 script -> families of `synth.browser.typefaces`. Latin, Cyrillic and Greek are in LATIN, but for Cyrillic in some."""
CYRILLIC_GREEK = ("Roboto", "Open Sans", "Noto Sans", "DejaVu Sans")


@dataclass(frozen=True, slots=True)
class Look:
    """The tokens of a page.

    Attributes:
        idiom: How styles are written.
        naming: How classes of our own are named.
        dark: Whether light text stands on dark ground.
        tokens: Name in `web_styles.yaml` -> CSS value.
    """

    idiom: Idiom
    naming: Naming
    dark: bool
    tokens: Mapping[str, str]


def draw_look(code: str, idiom: Idiom, rng: Generator) -> Look:
    """A look for pages in a language."""
    dark = bool(rng.random() < 0.25)
    hue = float(rng.random())
    colors = _colors(hue, dark, rng)
    step = float(rng.choice([3.5, 4.0, 4.0, 4.5, 5.0]))
    spaces = {name: f"{round(step * times)}px" for name, times in (("xs", 1), ("s", 2), ("m", 3), ("l", 4), ("xl", 6), ("xxl", 9))}
    base = float(rng.choice([14, 15, 16, 16]))
    ratio = float(rng.choice([1.15, 1.2, 1.25, 1.3]))
    sizes = {f"f{number}": f"{round(base * ratio ** (number - 2))}px" for number in range(7)}
    radius = int(rng.choice([0, 3, 6, 8, 12, 16]))
    naming: Naming = NAMINGS[int(rng.integers(len(NAMINGS)))]
    shadow = str(rng.choice(["none", "0 1px 2px rgba(0,0,0,.12)", "0 2px 8px rgba(0,0,0,.10)", "0 6px 18px rgba(0,0,0,.14)"]))
    return Look(
        idiom=idiom,
        naming=naming if idiom == "plain" else "short",  # beside a framework, so that no class of ours is one of its
        dark=dark,
        tokens={
            **colors,
            **spaces,
            **sizes,
            **_fonts(code, rng),
            "r": f"{radius}px",
            "rs": f"{radius // 2}px",
            "round": "999px" if radius >= 6 else f"{radius}px",
            "shadow": shadow,
            "edge": "0" if shadow != "none" and rng.random() < 0.4 else "1px",
            "leading": str(rng.choice(["1.45", "1.5", "1.6"])) if language(code).script not in ("Mymr", "Khmr", "Laoo", "Thai") else "1.8",
            "wide": f"{int(rng.choice([960, 1080, 1180, 1320]))}px",
            "side": f"{int(rng.choice([200, 220, 240, 264]))}px",
            "weight": str(rng.choice(["600", "700", "800"])) if idiom in ("plain", "utility", "inline") else "600",
        },
    )


def _fonts(code: str, rng: Generator) -> dict[str, str]:
    """`font` of text and `head` of headings: a Latin family and the script's own behind it."""
    script = language(code).script
    generic = "sans-serif"
    if script == "Latn":
        names = [str(rng.choice([*LATIN, *LATIN_SERIF]))]
        generic = "serif" if names[0] in LATIN_SERIF else generic
    elif script in SCRIPT_FONTS:
        own = SCRIPT_FONTS[script]
        names = [own[int(rng.integers(len(own)))], "Noto Sans"]
        names = ["Roboto", *names[:1]] if script in ("Hans", "Hant", "Jpan", "Kore") and rng.random() < 0.4 else names
    else:
        names = [str(rng.choice(CYRILLIC_GREEK))]
    font = ", ".join([f"'{name}'" if " " in name else name for name in names] + [generic])
    serif = script == "Latn" and generic == "sans-serif" and rng.random() < 0.25
    head = f"'{LATIN_SERIF[int(rng.integers(3))]}', serif" if serif else font
    return {"font": font, "head": head, "mono": "'JetBrains Mono', monospace"}


def _colors(hue: float, dark: bool, rng: Generator) -> dict[str, str]:
    tint = float(rng.choice([0.0, 0.08, 0.18]))
    saturation = float(rng.uniform(0.5, 0.9))

    def grey(light: float) -> str:
        return hls(hue, light, tint)

    if dark:
        ground, surface, raised, line, ink, muted = (grey(light) for light in (0.08, 0.12, 0.17, 0.26, 0.93, 0.68))
    else:
        paper = float(rng.choice([0.94, 0.96, 0.985]))
        ground, surface, raised, line, ink, muted = (grey(light) for light in (paper, 1.0, 0.955, 0.86, 0.12, 0.38))
    primary = until(hue, saturation, ("#ffffff",), 0.5, -0.02)
    strong = until(hue, saturation, (surface, raised, ground), 0.5, 0.02 if dark else -0.02)
    out = {"ground": ground, "surface": surface, "raised": raised, "line": line, "ink": ink, "muted": muted}
    out |= {"primary": primary, "on_primary": "#ffffff", "strong": strong}
    for name, angle in (("soft", hue), ("success", 0.38), ("warning", 0.11), ("danger", 0.99)):
        soft = hls(angle, 0.2 if dark else 0.92, 0.45)
        out |= {f"{name}_ground": soft, f"{name}_ink": until(angle, 0.7, (soft, surface, ground), 0.5, 0.02 if dark else -0.02)}
    out["error"] = until(0.99, 0.7, (surface, ground, raised), 0.5, 0.02 if dark else -0.02)
    out["picture"] = f"linear-gradient({int(rng.integers(0, 8)) * 45}deg, {hls(hue, 0.62, 0.5)}, {hls((hue + 0.12) % 1, 0.42, 0.5)})"
    return out


def hls(hue: float, light: float, saturation: float) -> str:
    """#rrggbb of a hue, lightness and saturation from 0 to 1."""
    red, green, blue = (round(255 * part) for part in colorsys.hls_to_rgb(hue, light, saturation))
    return f"#{red:02x}{green:02x}{blue:02x}"


def until(hue: float, saturation: float, grounds: tuple[str, ...], light: float, step: float) -> str:
    """The first colour, going lighter or darker, that can be read on all grounds."""
    while 0 < light < 1:
        color = hls(hue, light, saturation)
        if all(contrast(color, ground) >= LEAST_CONTRAST for ground in grounds):
            return color
        light += step
    return "#ffffff" if step > 0 else "#000000"


def contrast(one: str, other: str) -> float:
    """Contrast of two colours #rrggbb, 1 to 21 (WCAG 2.2, definition of contrast ratio)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(color: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2.2)."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
