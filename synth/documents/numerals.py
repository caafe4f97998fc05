"""Numbers as pages print them: digits of the document's numbering system, and roman numerals for front matter."""

from schemas.errors import UserError

DIGITS = {"latn": "0123456789", "arab": "٠١٢٣٤٥٦٧٨٩", "arabext": "۰۱۲۳۴۵۶۷۸۹", "deva": "०१२३४५६७८९", "beng": "০১২৩৪৫৬৭৮৯"}
"""CLDR numbering system -> its digits (UTS 35, numberingSystems.xml)."""

_TABLES = {system: str.maketrans(DIGITS["latn"], digits) for system, digits in DIGITS.items()}

_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"),
    (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip


def localise_digits(text: str, numerals: str) -> str:
    """`text` with its ASCII digits replaced by those of a CLDR numbering system."""
    if numerals not in DIGITS:
        raise UserError(f"no digits for the numbering system {numerals!r}", where="numerals", todo=f"choose one of {', '.join(DIGITS)}")
    return text if numerals == "latn" else text.translate(_TABLES[numerals])


def roman(number: int) -> str:
    """Lower-case roman numeral of a positive number.

    >>> roman(14)
    'xiv'
    """
    out = []
    for value, letters in _ROMAN:
        count, number = divmod(number, value)
        out.append(letters * count)
    return "".join(out)


def page_label(numbering: str, number: int, numerals: str) -> str:
    """Printed label of the `number`-th page (from 1) of a stretch: roman for `r`, the document's numerals for `D`, empty otherwise."""
    if numbering == "r":
        return roman(number)
    return localise_digits(str(number), numerals) if numbering == "D" else ""
