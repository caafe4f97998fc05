"""Scores of one predicted text against one reference text: each a pure function of strings with its definition and source.

Averages over questions, and their intervals, are `model.bootstrap`'s and `model.evaluate`'s business. Scores of places (boxes, intervals)
are in `model.score_regions`. Nothing here knows torch or the families.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

from rapidfuzz.distance import Levenshtein

ANLS_THRESHOLD = 0.5
"""Normalised distance from which an answer counts as wrong (Biten et al. 2019)."""
RELAXED_TOLERANCE = 0.05
"""Relative error that ChartQA allows in numbers (Masry et al. 2022, after Methani et al. 2020)."""

_NUMBER = re.compile(r"[-+\u2212]?\d(?:[\d.,'\u066b\u066c\u2019\u00a0\u202f\u2009]*\d)?")
_EDGES = " \t\r\n.,;:!?\u3002\uff0c\uff01\uff1f\u060c\u061b\u061f\u0964\"'\u201c\u201d\u2018\u2019\u00ab\u00bb\u300c\u300d\u200e\u200f"
_EXACT_ONLY = re.compile(
    r"https?://|www\.|\.(?:py|ipynb|pdf|txt|html?|csv|png|jpe?g)$|^page \d+$|^\+?[\d()\s-]{7,}$|^\d{1,2}:\d{2}(?:\s?[ap]\.?m\.?)?$"
    r"|^\d{4}-\d{2}(?:-\d{2})?$|^[\w.+-]+@[\w-]+\.[\w.]+$",
    re.IGNORECASE,
)


def normalise(text: str) -> str:
    """NFKC, case folded, white space as single blanks, without punctuation and quotes at either end."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(folded.split()).strip(_EDGES)


def distance(a: Sequence[str] | str, b: Sequence[str] | str) -> int:
    """Levenshtein distance between two sequences of symbols."""
    return int(Levenshtein.distance(a, b))


def exact_match(prediction: str, reference: str) -> float:
    """1 if both are equal after `normalise`, else 0."""
    return float(normalise(prediction) == normalise(reference))


def anls(prediction: str, reference: str) -> float:
    """Average normalised Levenshtein similarity of one answer: 1 - d / max(length), 0 where d / max(length) >= 0.5, in lower case and
    trimmed.

    Biten et al., "Scene Text Visual Question Answering", ICCV 2019. The average over questions is the caller's; two empty texts score 1.
    """
    a, b = prediction.strip().lower(), reference.strip().lower()
    share = distance(a, b) / max(len(a), len(b), 1)
    return 1.0 - share if share < ANLS_THRESHOLD else 0.0


def character_errors(prediction: str, reference: str) -> tuple[int, int]:
    """Levenshtein distance in characters after NFC, and the reference's length: CER is the sum of the first over the sum of the second.

    CER = (substitutions + deletions + insertions) / characters of the reference, and may exceed 1.
    """
    a, b = unicodedata.normalize("NFC", prediction), unicodedata.normalize("NFC", reference)
    return distance(a, b), len(b)


def cer(prediction: str, reference: str) -> float:
    """Character error rate of one text, at most 1 for an empty reference; see `character_errors`."""
    errors, length = character_errors(prediction, reference)
    return errors / length if length else float(errors > 0)


def clusters(text: str) -> list[str]:
    """User-perceived characters: a character with the marks (Mn, Mc, Me), joiners and variation selectors that follow it.

    A simplification of UAX #29 that leaves out its rules for Hangul jamo, emoji sequences and Indic conjuncts.
    """
    found: list[str] = []
    for character in unicodedata.normalize("NFC", text):
        if found and (unicodedata.category(character).startswith("M") or character in "\u200c\u200d"):
            found[-1] += character
        else:
            found.append(character)
    return found


def cluster_error_rate(prediction: str, reference: str) -> float:
    """Levenshtein distance in grapheme `clusters` over the reference's clusters: what word error rate cannot be for unspaced scripts."""
    wanted = clusters(reference)
    errors = distance(clusters(prediction), wanted)
    return errors / len(wanted) if wanted else float(errors > 0)


def one_minus_ned(prediction: str, reference: str) -> float:
    """1 - normalised edit distance, d / max(length), after NFC; ICDAR 2019 text-recognition challenges average it over texts."""
    errors, length = character_errors(prediction, reference)
    return 1.0 - errors / max(length, len(unicodedata.normalize("NFC", prediction)), 1)


def token_f1(prediction: str, reference: str) -> float:
    """F1 over the multisets of blank-separated words after `normalise` (Rajpurkar et al. 2016; SlideVQA, Tanaka et al. 2023)."""
    a, b = Counter(normalise(prediction).split()), Counter(normalise(reference).split())
    shared = (a & b).total()
    return 2 * shared / (a.total() + b.total()) if a.total() + b.total() else 1.0


def relaxed_accuracy(prediction: str, reference: str) -> float:
    """ChartQA's relaxed accuracy: numbers within 5 % of the reference, anything else equal in lower case (Masry et al., ACL Findings 2022).

    A reference of 0 allows 0 only. A percent sign divides by 100, as in the authors' script.
    """
    got, wanted = _percent(prediction), _percent(reference)
    if got is not None and wanted is not None:
        return float(abs(got - wanted) <= RELAXED_TOLERANCE * abs(wanted))
    return float(prediction.strip().lower() == reference.strip().lower())


def within_quarter(prediction: str, reference: str) -> float:
    """1 if a number is within 25 % of the reference: the success of SpatialRGPT-Bench (Cheng et al., NeurIPS 2024) for metric questions."""
    got, wanted = parse_number(prediction), parse_number(reference)
    return float(got is not None and wanted is not None and abs(got - wanted) <= 0.25 * abs(wanted))


def parse_number(text: str) -> float | None:
    """The finite number that `text` is, with commas as thousands separators; None if it is anything else."""
    try:
        value = float(_ascii_digits(text).strip().replace(",", "").replace("\u2212", "-"))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def numbers(text: str) -> list[str]:
    """Every number of `text` in order, its digits in ASCII and its separators as written, so that two texts of one language compare."""
    return [found.lstrip("+").replace("\u2212", "-") for found in _NUMBER.findall(_ascii_digits(text))]


def mmlongbench(prediction: str, reference: str, kind: str) -> float:
    """MMLongBench-Doc's score of one short answer (Ma et al. 2024, eval_score.py of its repository).

    Int: equal as integers. Float: equal at the finer printed precision (two decimals at least), or within 1 %, also 100 times more or less.
    Str and None: `anls`, but equality for addresses, file names, page numbers, telephone numbers, times and dates. List: 0 unless both have
    as many items; then, both sorted, the least score of a pair.

    Args:
        prediction: A short answer; a list separates its items by "; ".
        reference: Likewise.
        kind: `Int`, `Float`, `Str`, `List` or `None`.
    """
    if kind == "Int":
        got, wanted = parse_number(prediction), parse_number(reference)
        return float(got is not None and wanted is not None and int(got) == int(wanted))
    if kind == "Float":
        return float(_close(prediction, reference))
    if kind == "List":
        items, wanted_items = (sorted(normalise(item) for item in text.split("; ")) for text in (prediction, reference))
        if len(items) != len(wanted_items):
            return 0.0
        return min(mmlongbench(a, b, "Str") for a, b in zip(items, wanted_items, strict=True))
    if kind not in ("Str", "None"):
        raise ValueError(f"kind {kind!r} is none of Int, Float, Str, List, None")
    if _EXACT_ONLY.search(reference.strip()):
        return exact_match(prediction, reference)
    return anls(prediction, reference)


def longdocurl_list(predictions: Sequence[str], references: Sequence[str]) -> float:
    """LongDocURL's score of a list: mean over references of the best `anls`, times sqrt(min(1, |references| / |predictions|)).

    Deng et al., "LongDocURL", 2024 (utils of its repository).
    """
    if not predictions or not references:
        return float(not predictions and not references)
    best = sum(max(anls(p, r) for p in predictions) for r in references) / len(references)
    return best * math.sqrt(min(1.0, len(references) / len(predictions)))


def refuses(prediction: str, refusals: Sequence[str]) -> bool:
    """Whether a text is one of the corpus's ways to say that the document does not answer: `anls` above 0.5 with one of them.

    Args:
        prediction: What the model said.
        refusals: Reference texts of all questions without an answer; the phrasings are the corpus's, so no list of words is kept here.
    """
    return any(anls(prediction, refusal) > 0.5 for refusal in refusals)


def value_match(prediction: str, reference: str, leaves: Sequence[str], *, yes_no: bool) -> float:
    """1 if a sentence gives the reference's values, whatever words it puts around them; ours.

    The numbers in both texts are the same in the same order, every textual value stands in the prediction, and where the answer begins with
    yes or no, the first words agree. Both texts are in one language, so numbers are compared as written.

    Args:
        prediction: What the model said.
        reference: The reference sentence.
        leaves: Textual values of the answer.
        yes_no: Whether the answer holds a yes or no.
    """
    said, wanted = normalise(prediction), normalise(reference)
    if numbers(said) != numbers(wanted) or any(normalise(leaf) not in said for leaf in leaves):
        return 0.0
    if yes_no:
        return float(_first_word(said) == _first_word(wanted))
    return 1.0


SCORES: dict[str, Callable[[str, str], float]] = {
    "exact_match": exact_match,
    "anls": anls,
    "cer": cer,
    "cluster_error_rate": cluster_error_rate,
    "one_minus_ned": one_minus_ned,
    "token_f1": token_f1,
    "relaxed_accuracy": relaxed_accuracy,
    "within_quarter": within_quarter,
}
"""The scores that compare two texts and need nothing else, by name."""


def _ascii_digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)


def _first_word(text: str) -> str:
    """The first word, or, in scripts without spaces, the first clause."""
    return re.split(r"[\s.,;:!?\u3002\uff0c\u3001\u060c\u0964]", text, maxsplit=1)[0]


def _percent(text: str) -> float | None:
    stripped = text.strip()
    value = parse_number(stripped.removesuffix("%"))
    return value / 100 if value is not None and stripped.endswith("%") else value


def _close(prediction: str, reference: str) -> bool:
    got, wanted = _plain_number(prediction), _plain_number(reference)
    if got is None or wanted is None:
        return False
    places = max(2, _decimals(prediction), _decimals(reference))
    return any(
        round(got, places) == round(scaled, places) or math.isclose(got, scaled, rel_tol=0.01)
        for scaled in (wanted, wanted * 100, wanted / 100)
    )


def _plain_number(text: str) -> float | None:
    return parse_number(text.strip().strip("%").lstrip("$\u20ac\u00a3"))


def _decimals(text: str) -> int:
    return len(text.strip().strip("%").partition(".")[2])
