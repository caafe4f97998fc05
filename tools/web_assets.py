"""Writes `synth/code/web_assets/` from unpacked npm packages: the rules of Bootstrap and Bulma that our pages can use, and Lucide's icons.

    npm pack bootstrap@5.3.8 bulma@1.0.4 lucide-static@1.62.0      # and unpack each into a folder of its name
    PYTHONPATH=. python tools/web_assets.py FOLDER

All three are free (MIT, MIT, ISC; parts of Lucide MIT from Feather): their licences are in NOTICE.
"""

import json
import re
import sys
from pathlib import Path

from synth.code.web_css import FOLDER, read_rules, used_rules, write_rules
from synth.code.web_html import styles
from synth.code.web_parts import TOPICS

ICONS = (*TOPICS, "check", "circle-alert", "filter", "info", "log-out", "pencil", "plus", "send", "trash-2")
TAGS = (
    "html body a span b data button label p h1 h2 h3 input table thead tbody tr th td ul li svg path "
    "div main nav header footer aside section article form blockquote pre time"
)
SHEETS = {
    "bootstrap": "bootstrap/dist/css/bootstrap.min.css",
    "bootstrap-rtl": "bootstrap/dist/css/bootstrap.rtl.min.css",
    "bulma": "bulma/css/versions/bulma-no-dark-mode.min.css",
}


def main(packages: Path) -> None:
    """Write all."""
    FOLDER.mkdir(exist_ok=True)
    for name, path in SHEETS.items():
        framework = name.removesuffix("-rtl")
        classes = {one for text in styles()[framework]["classes"].values() for one in text.split()}
        rules = list(read_rules((packages / path).read_text(encoding="utf-8")))
        (FOLDER / f"{name}.css").write_text(write_rules(used_rules(rules, classes, TAGS.split())) + "\n", encoding="utf-8")
    found = {name: outline((packages / f"lucide-static/icons/{name}.svg").read_text(encoding="utf-8")) for name in sorted(ICONS)}
    (FOLDER / "icons.json").write_text(json.dumps(found, indent=0, sort_keys=True) + "\n", encoding="utf-8")


def outline(svg: str) -> str:
    """All shapes of an icon as the data of one path."""
    parts = []
    for tag, text in re.findall(r"<(path|circle|rect|line|polyline|polygon|ellipse)\b([^>]*?)/?>", svg):
        has = dict(re.findall(r'([\w-]+)="([^"]*)"', text))
        number = {key: float(value) for key, value in has.items() if re.fullmatch(r"-?[\d.]+", value)}
        match tag:
            case "path":
                parts.append(has["d"])
            case "circle":
                x, y, r = number["cx"], number["cy"], number["r"]
                parts.append(f"M{x - r:g} {y:g}a{r:g} {r:g} 0 1 0 {2 * r:g} 0a{r:g} {r:g} 0 1 0 {-2 * r:g} 0")
            case "rect":
                x, y, w, h, r = number.get("x", 0), number.get("y", 0), number["width"], number["height"], number.get("rx", 0)
                arc = f"a{r:g} {r:g} 0 0 1" if r else ""
                turns = [f"{arc} {r:g} {r:g}", f"{arc} {-r:g} {r:g}", f"{arc} {-r:g} {-r:g}", f"{arc} {r:g} {-r:g}"] if r else [""] * 4
                parts.append(
                    f"M{x + r:g} {y:g}h{w - 2 * r:g}{turns[0]}v{h - 2 * r:g}{turns[1]}h{2 * r - w:g}{turns[2]}v{2 * r - h:g}{turns[3]}z"
                )
            case "line":
                parts.append(f"M{number['x1']:g} {number['y1']:g}L{number['x2']:g} {number['y2']:g}")
            case "polyline" | "polygon":
                parts.append("M" + has["points"].replace(" ", "L", 0) + ("z" if tag == "polygon" else ""))
            case _:
                raise ValueError(f"an icon holds a {tag}")
    return "".join(parts)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
