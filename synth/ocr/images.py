"""`ocr.images`: the user's own pictures, labelled coarse to fine as the Qwen3-VL report does, and questions about their text.

PaddleOCR finds and reads the lines, Tesseract reads each again, and only lines that both read alike are asked about; the others are stored
with both readings. `verify` has both engines read the stored picture again and answers anew (`images_proof`).
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from schemas.errors import DataError, UserError, nearest
from schemas.languages import language, load_languages
from schemas.sample import AssetUse, Rendering, Stored, Turn, Verdict
from schemas.tokens import count_conversation, image_tokens
from synth.assets import Asset, read_asset, resolve
from synth.ocr.images_input import check_any_image, decode_stored, load_image
from synth.ocr.images_labels import Labels, label
from synth.ocr.images_proof import verdicts
from synth.ocr.images_questions import TASKS, Scene, Task, ask
from synth.params import QUESTIONS, Mistakes, refuse, within
from synth.readers.models import engine_assets
from synth.readers.twice import languages_read_twice, read_twice, readings_attachment

TEXT_SHARE = 0.4
"""Part of the tokens that is kept free of the picture, for the conversation (chosen: a dense page's lines with their boxes take about as
many tokens as the page)."""
MANY = 10
"""Lines in doubt from which on they are not counted one by one in tags."""


@dataclass(frozen=True, slots=True)
class Truth:
    """Which file is shown, wherever it lies, and what is asked about it, as far as it can be."""

    file: AssetUse
    language: str
    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class Images:
    """Text in the user's own pictures, read by two engines that must agree.

    Attributes:
        pattern: Path, glob or URI of pictures (JPEG, PNG, WebP, TIFF, BMP, GIF, PPM).
        licence: SPDX identifier of the files.
        language: BCP 47 tag of the text; one that both engines read.
        questions: Questions a picture at most, 1 to 20.
        context_tokens: No sample is longer than this; pictures are scaled down to fit.
        pinned: The files as they were when the run was planned (see `pin`); looked up again if empty.
    """

    version: ClassVar[int] = 2

    pattern: str
    licence: str = "LicenseRef-user"
    language: str = "en"
    questions: int = 4
    context_tokens: int = 8_192
    pinned: tuple[Asset, ...] = ()

    def __post_init__(self) -> None:
        refuse(
            _is_read_twice(self.language),
            within("questions", self.questions, *QUESTIONS),
            within("context_tokens", self.context_tokens, 1_024, why="a small picture and a question need that much"),
        )

    def files(self) -> tuple[Asset, ...]:
        """The files in order: the pinned ones, else what the pattern names now."""
        return self.pinned or _resolved(self.pattern, self.licence)

    def assets(self) -> tuple[AssetUse, ...]:
        """The files, and the weights and data of the engines, as parts of a data set's fingerprint.

        Raises:
            NotInstalledError: An engine or its data are not there.
        """
        return (*(asset.use() for asset in self.files()), *engine_assets(self.language))

    def pin(self) -> "Images":
        """The same family with its list of files fixed, so that a file that goes away or changes later fails its own samples and no
        others. Says here, before anything is made, if an engine is not there.
        """
        engine_assets(self.language)
        if not self.pinned:
            check_any_image(self.files(), self.pattern)
        return replace(self, pinned=self.files())

    def sample_truth(self, index: int, rng: Generator) -> Truth:
        """File number `index` modulo their number, so that a small corpus has them all."""
        files = self.files()
        rounds = [int(number) for _ in range(-(-self.questions // len(TASKS))) for number in rng.permutation(len(TASKS))]
        return Truth(files[index % len(files)].use(), self.language, tuple(TASKS[number] for number in rounds))

    def render(self, truth: Truth, rng: Generator) -> Rendering[Labels]:
        """Decode the picture and have both engines read it."""
        budget = int(self.context_tokens * (1 - TEXT_SHARE))
        asset = next(asset for asset in self.files() if asset.use() == truth.file)
        image = load_image(read_asset(asset), asset.name, budget)
        picture = decode_stored(image)
        readings = read_twice(picture, truth.language)
        if not readings.lines:
            raise DataError("no_text", f"no line of text is found in {asset.name} ({image.width_px} x {image.height_px})")
        labels = label(readings, np.asarray(picture.convert("L")), asset.name, spaced=language(truth.language).spaced)
        doubts = len(labels.doubts)
        return Rendering(
            landed=labels,
            images=(image,),
            attachments=(readings_attachment(readings),),
            assets=(truth.file, *engine_assets(truth.language)),
            languages=(truth.language,),
            tags=("real", f"disputed:{doubts if doubts < MANY else f'{MANY} or more'}"),
        )

    def write_turns(self, truth: Truth, rendering: Rendering[Labels], rng: Generator) -> tuple[Turn, ...]:
        """Ask, as long as the conversation fits; the first turn carries the picture."""
        (image,) = rendering.images
        scene = Scene(rendering.landed, np.asarray(decode_stored(image)), truth.language)
        vision = [image_tokens(image.width_px, image.height_px)]
        turns: tuple[Turn, ...] = ()
        said: set[tuple[str, str]] = set()
        for task in truth.tasks:
            pair = ask(scene, task, rng)
            if pair is None or len(turns) == 2 * self.questions or (key := (task, str(pair[1].proof))) in said:
                continue
            asked, answered = pair
            more = (*turns, asked if turns else replace(asked, text=f"<image>\n{asked.text}"), answered)
            if count_conversation(more, vision) <= self.context_tokens:
                turns = more
                said.add(key)
        if not turns:
            raise DataError("nothing_to_ask", f"{truth.file.name}: of {len(scene.labels.lines)} lines none can be asked about")
        return turns

    def verify(self, stored: Stored, turns: tuple[Turn, ...], truth: Truth) -> tuple[Verdict, ...]:
        """Have both engines read the stored picture again, and answer each question anew."""
        return verdicts(stored, turns, truth.language)


def _is_read_twice(code: str) -> Mistakes:
    known = languages_read_twice()
    if code not in known:
        why = "which only one engine reads" if code in load_languages() else "which is not known"
        todo = f"{nearest(code, known)}languages that two engines read: {', '.join(known)}"
        yield UserError(f"language is {code!r}, {why}", where="params.language", todo=todo)


@lru_cache(maxsize=64)
def _resolved(pattern: str, licence: str) -> tuple[Asset, ...]:
    """The list of files, made once a process: a run must not change its mind half way."""
    return resolve(pattern, licence)
