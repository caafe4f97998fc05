"""The table of languages: what the OCR families draw in each, whether it is shaped right, and how well an engine reads it back.

`ocr.line` is made in every language, clean (`wear: [print]`). A sample whose shaping audit finds a glyph that is missing, or a dotted
circle that its text lacks, is counted, and would not be kept. Reading error is that of `filters.ocr_roundtrip` over the clean renderings,
with the engine of the language's row (`make readback`): over all characters, which the limit is for, and the median and 95th percentile of
single lines, of which a short one with one letter misread has a large error. Coverage is of the characters that must all be drawn
(`Corpus.characters`): how many of them the fonts of every look have, which `synth.ocr.corpus` checks as it loads. `exemplars` is the share
of CLDR's main exemplar characters, or of the national list, that is among them. `clusters` are the different ones of the corpus's text
(letters with their marks and what is stacked below them), `drawn` the share of them that every look, in both families and weights, shapes
with no glyph missing and no dotted circle; `fonts` the font files that draw them.

    PYTHONPATH=. python bench/ocr_languages.py --samples 24        # about ten minutes on one core
"""

import argparse
import statistics
import sys
from collections import Counter
from itertools import product

from dags.terminal import print_table
from filters.ocr_roundtrip import similarity
from schemas.errors import DataError
from schemas.languages import load_languages
from schemas.sample import Sample
from schemas.text_layer import read_layer
from synth.load import load_family
from synth.make import make_sample
from synth.ocr.corpus import load_corpus
from synth.ocr.letters import exemplars, national
from synth.render.breaks import graphemes
from synth.render.fonts import LOOKS, FontFile
from synth.render.paragraph import Style, Tokenizer
from synth.render.shape import shape_token

SEED = 51


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=24, help="lines a language (default 24)")
    parser.add_argument("--languages", nargs="+", help="some languages only")
    chosen = parser.parse_args()
    rows: list[list[object]] = []
    missed = 0
    for code, language in load_languages().items():
        if code not in (chosen.languages or [code]):
            continue
        row, within = table_row(code, language.cer_limit, chosen.samples)
        rows.append(row)
        missed += not within
        print(*row, file=sys.stderr, flush=True)
    columns = ["language", "made", "kept", "tofu", "circles", "error", "median", "95 %", "limit", "exemplars", "characters"]
    columns += ["clusters", "drawn", "fonts"]
    print_table("Lines in each language, clean", columns, rows)
    return 1 if missed else 0


def table_row(code: str, limit: float, count: int) -> tuple[list[object], bool]:
    """The figures of one language, and whether its reading error is within its limit."""
    family = load_family("ocr.line", {"languages": [code], "wear": ["print"], "units": ["phrase", "line"], "questions": 1}, "bench")
    faults: Counter[str] = Counter()
    errors: list[float] = []
    lengths: list[int] = []
    for index in range(count):
        try:
            sample = make_sample(family, "ocr.line", index, SEED)
        except DataError as error:
            faults[error.reason] += 1
            continue
        faults.update(told(sample))
        if (score := similarity(sample)) is not None:
            errors.append(1.0 - score)
            lengths.append(sum(len(line.text) for line in read_layer(sample.stored).lines))
    overall = sum(error * length for error, length in zip(errors, lengths, strict=True)) / max(sum(lengths), 1)
    errors.sort()
    high = errors[min(int(0.95 * len(errors)), len(errors) - 1)] if errors else 1.0
    kept = count - sum(faults.values())
    tofu, circles = faults["missing_glyph"] + faults["tofu"], faults["broken_cluster"] + faults["circle"]
    clusters, drawn, fonts = cluster_coverage(code)
    row = [
        code,
        count,
        kept,
        tofu,
        circles,
        f"{overall:.3f}",
        f"{statistics.median(errors):.3f}",
        f"{high:.3f}",
        limit,
        f"{covered(code):.0%}",
        len(load_corpus(code).characters),
        clusters,
        f"{drawn:.2%}",
        fonts,
    ]
    return row, overall <= limit and drawn == 1.0


def cluster_coverage(code: str) -> tuple[int, float, int]:
    """Different clusters of a language's text, the share of them that every look draws, and the font files that do."""
    corpus, row = load_corpus(code), load_languages()[code]
    clusters = sorted({part for text in (*corpus.sentences, *corpus.words) for part in graphemes(text) if not part.isspace()})
    styles = [Style(1.0, bold, family=family) for bold in (False, True) for family in ("sans", "serif")]
    missing: set[str] = set()
    fonts: set[FontFile] = set()
    for look, style in product(LOOKS, styles):
        chain = Tokenizer(code, row.script, look, 0).chain(style)
        for cluster in clusters:
            try:
                shaped = shape_token(chain, cluster, row.script in ("Arab", "Hebr"))
            except DataError:
                missing.add(cluster)
            else:
                fonts |= {run.face.file for run in shaped if cluster.isalpha()}
    if missing:
        print(f"{code}: not drawn in every look: {' '.join(sorted(missing)[:20])}", file=sys.stderr)
    return len(clusters), 1.0 - len(missing) / len(clusters), len({(file.path, file.index, file.axes) for file in fonts})


def covered(code: str) -> float:
    """Share of CLDR's exemplar characters, or of the national list, that every look draws."""
    asked = {*exemplars(code), *national(code)}
    return len(asked & set(load_corpus(code).characters)) / len(asked) if asked else 1.0


def told(sample: Sample) -> list[str]:
    """What the verifier found wrong with a sample, as the table counts it."""
    reasons = [verdict.reason for verdict in sample.verdicts if not verdict.passed]
    if not reasons:
        return []
    return ["tofu" if "has no glyph" in reasons[0] else "circle" if "no letter to sit on" in reasons[0] else "other"]


if __name__ == "__main__":
    sys.exit(main())
