"""documents.pdf: questions about a made and about a real document are proved, and every kind of wrong answer is refused."""

import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pymupdf
import pytest

from schemas.errors import DataError
from schemas.sample import Attachment, Proof, Stored, Turn
from schemas.seeds import stream
from schemas.tokens import image_tokens
from synth.documents.pdf import Pdf, Truth
from synth.documents.real_language import document_language
from synth.documents.real_proof import ProofError, evaluate, unnecessary_page
from synth.documents.real_questions import following_label
from synth.documents.real_reading import RealDocument, read_real, squeeze
from synth.documents.real_structure import read_structure, trim_lead
from synth.documents.real_wording import FOLDER, KIND_OF, load_real_wording
from tests.synth.documents.real_pdf import CAPTIONS, write_pdf

GUIDE = Path("/usr/share/doc/installation-guide-amd64")
needs_guide = pytest.mark.skipif(not GUIDE.is_dir(), reason="Debian's installation-guide-amd64 is not installed")

Drawn = tuple[Truth, Stored, tuple[Turn, ...]]


def draw(family: Pdf, index: int = 0, seed: int = 1) -> Drawn:
    truth = family.sample_truth(index, stream(seed, "truth"))
    rendering = family.render(truth, stream(seed, "render"))
    turns = family.write_turns(truth, rendering, stream(seed, "turns"))
    return truth, Stored(rendering.images, rendering.clips, rendering.attachments), turns


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pdf(tmp_path_factory.mktemp("pdf") / "workshop.en.pdf")


@pytest.fixture(scope="module")
def everything(made: Path) -> tuple[Pdf, list[Drawn]]:
    family = Pdf(str(made), questions=12, language="en")
    return family, [draw(family, seed=seed) for seed in range(5)]


def test_every_answer_of_the_made_document_is_proved(everything: tuple[Pdf, list[Drawn]]) -> None:
    family, samples = everything
    verdicts = [verdict for truth, stored, turns in samples for verdict in family.verify(stored, turns, truth)]
    assert [verdict for verdict in verdicts if not verdict.passed] == []
    assert all(verdict.how == "artefact" for verdict in verdicts)
    tasks = {verdict.task for verdict in verdicts}
    assert tasks >= set(KIND_OF) - {"contents_page", "absent_section", "absent_term", "section_span"}, set(KIND_OF) - tasks


def test_the_contents_list_is_used_and_hides_the_structure_questions(tmp_path: Path) -> None:
    family = Pdf(str(write_pdf(tmp_path / "a.pdf", contents=True)), language="en")
    truth, stored, turns = draw(family)
    tasks = {turn.task for turn in turns}
    assert "contents_page" in tasks
    assert not tasks & {
        "next_section",
        "list_subsections",
        "count_subsections",
        "page_distance",
        "reference_title",
    }  # one page would answer them
    assert all(verdict.passed for verdict in family.verify(stored, turns, truth))


def test_same_seed_same_bytes_other_seed_other_questions(made: Path) -> None:
    family = Pdf(str(made), language="en")
    one, two, other = draw(family, seed=1), draw(family, seed=1), draw(family, seed=2)
    assert one == two
    assert one[2] != other[2]


def answer(turn: Turn, text: str, value: object = None) -> Turn:
    assert turn.proof
    proof = turn.proof if value is None else Proof(turn.proof.program, value, turn.proof.evidence)  # type: ignore[arg-type]
    return replace(turn, text=text, proof=proof)


def off_by_one(turn: Turn) -> Turn | None:
    assert turn.proof
    value = turn.proof.answer
    return answer(turn, turn.text.replace(str(value), str(value + 1)), value + 1) if isinstance(value, int) else None


def other_title(turn: Turn) -> Turn | None:
    assert turn.proof
    value = turn.proof.answer
    return answer(turn, turn.text.replace(value, "Saw blades"), "Saw blades") if isinstance(value, str) and value != "absent" else None


def shorter_list(turn: Turn) -> Turn | None:
    assert turn.proof
    value = turn.proof.answer
    return answer(turn, ", ".join(map(str, value[1:])), value[1:]) if isinstance(value, list) else None


def swapped_list(turn: Turn) -> Turn | None:
    assert turn.proof
    value = turn.proof.answer
    return answer(turn, ", ".join(map(str, value[::-1])), value[::-1]) if isinstance(value, list) else None


def text_only(turn: Turn) -> Turn | None:
    return replace(turn, text=turn.text + " 7")


def refused(turn: Turn) -> Turn | None:
    assert turn.proof
    return None if turn.proof.answer == "absent" else answer(turn, "The document shown never mentions it.", "absent")


def answered_anyway(turn: Turn) -> Turn | None:
    assert turn.proof
    return answer(turn, "PDF page 3", 3) if turn.proof.answer == "absent" else None


def one_page_of_evidence(turn: Turn) -> Turn | None:
    assert turn.proof
    first = turn.proof.evidence[:1]
    return replace(turn, proof=replace(turn.proof, evidence=first)) if first else None


def evidence_elsewhere(turn: Turn) -> Turn | None:
    """Every box moved to a strip of the page where nothing is printed."""
    assert turn.proof
    moved = tuple(replace(e, box_px=(2.0, 2.0, 6.0, 6.0)) for e in turn.proof.evidence)
    return replace(turn, proof=replace(turn.proof, evidence=moved)) if moved else None


def needless_evidence(turn: Turn) -> Turn | None:
    """A page more than the answer needs."""
    assert turn.proof
    used = {e.image for e in turn.proof.evidence}
    if not used or turn.task in ("term_pages", "terms_both", "list_subsections", "count_subsections", "term_page_count"):
        return None
    spare = next(number for number in (10, 3, 7, 1, 0) if number not in used)
    more = (*turn.proof.evidence, replace(turn.proof.evidence[0], image=spare))
    return replace(turn, proof=replace(turn.proof, evidence=more))


PERTURBATIONS = (
    off_by_one,
    other_title,
    shorter_list,
    swapped_list,
    text_only,
    refused,
    answered_anyway,
    one_page_of_evidence,
    evidence_elsewhere,
)


@pytest.mark.parametrize("perturb", [*PERTURBATIONS, needless_evidence], ids=lambda f: f.__name__)
def test_wrong_answers_are_refused(everything: tuple[Pdf, list[Drawn]], perturb: Callable[[Turn], Turn | None]) -> None:
    family, samples = everything
    tried: list[Turn] = []
    for truth, stored, turns in samples[:2]:
        pairs = [(asked, changed) for asked, answered in zip(turns[::2], turns[1::2], strict=True) if (changed := perturb(answered))]
        tried += [changed for _, changed in pairs]
        verdicts = family.verify(stored, tuple(turn for pair in pairs for turn in pair), truth)
        assert [(changed.task, changed.text) for (_, changed), verdict in zip(pairs, verdicts, strict=True) if verdict.passed] == []
    assert tried


def test_an_answer_to_another_question_is_refused(everything: tuple[Pdf, list[Drawn]]) -> None:
    family, [(truth, stored, turns), *_] = everything
    pairs = [
        (turns[n], turns[m + 1])
        for n in range(0, len(turns), 2)
        for m in range(0, len(turns), 2)
        if n != m and turns[m].task != "count_tables"
    ]
    pairs = [(asked, answered) for asked, answered in pairs if answered.task not in ("headings_between", "count_tables")]
    verdicts = family.verify(stored, tuple(turn for pair in pairs for turn in pair), truth)
    assert not any(verdict.passed for verdict in verdicts)  # catches: a program that belongs to another question


def test_swapped_and_foreign_images_are_refused(everything: tuple[Pdf, list[Drawn]]) -> None:
    family, [(truth, stored, turns), *_] = everything
    images = list(stored.images)
    images[2], images[3] = images[3], images[2]
    swapped = family.verify(replace(stored, images=tuple(images)), turns, truth)
    assert not any(verdict.passed for verdict in swapped)
    assert "image 2" in swapped[0].reason
    (pdf,) = [item for item in stored.attachments if item.media_type == "application/pdf"]
    with pymupdf.open(stream=pdf.data, filetype="pdf") as document:
        document.move_page(4, 2)
        moved = Attachment.of(pdf.name, pdf.media_type, document.tobytes())
    others = tuple(moved if item is pdf else item for item in stored.attachments)
    assert not any(verdict.passed for verdict in family.verify(replace(stored, attachments=others), turns, truth))


def test_each_evidence_page_is_needed(everything: tuple[Pdf, list[Drawn]]) -> None:
    _, samples = everything
    for _, stored, turns in samples[:2]:
        document = read_real(next(item.data for item in stored.attachments if item.media_type == "application/pdf"))
        for turn in turns[1::2]:
            assert turn.proof
            pages = sorted({e.image for e in turn.proof.evidence if e.image is not None})
            if turn.proof.answer != "absent":
                assert len(pages) >= 2
                assert unnecessary_page(turn.proof.program, document, evaluate(turn.proof.program, document), pages) is None
                with pytest.raises(ProofError):  # catches: programs that do not look at the pages at all
                    evaluate(turn.proof.program, read_nothing(document, pages))


def read_nothing(document: RealDocument, pages: list[int]) -> RealDocument:
    for page in pages:
        document = document.without(page)
    return document


def test_the_structure_is_read_as_written(made: Path) -> None:
    with pymupdf.open(made) as document:
        structure = read_structure(document)
    assert [(s.number, s.title, s.page) for s in structure.sections[:3]] == [
        ("1", "Ground rules", 0),
        ("1.1", "Safety first", 0),
        ("1.2", "Working hours", 1),
    ]
    assert [(c.label, c.page) for c in structure.captions] == [("Table 1.1", 2), ("Table 2.1", 6), ("Table 3.1", 9)]
    assert [caption.text for caption in structure.captions] == [text.split(". ", 1)[1] for text in CAPTIONS.values()]
    assert [(r.number, r.page, r.target) for r in structure.references] == [("2.3", 1, 5), ("1.3", 8, 2)]
    assert structure.references[0].lead == "How the beam is switched off is told in Section"
    assert [page for page, _ in structure.terms["dust-bag"]] == [2, 5, 6]
    assert len(structure.folios) == len(structure.pages)


def test_unlisted_headings_stop_structure_programs(made: Path) -> None:
    with pymupdf.open(made) as document:
        document.set_toc([entry for entry in document.get_toc() if entry[1] != "Saw"])
        data = document.tobytes()
    with pytest.raises(ProofError, match="bookmarks leave out"):  # catches: "next section" answered from incomplete bookmarks
        evaluate({"op": "title", "of": {"op": "next", "of": {"op": "heading", "title": "Laser cutter"}}}, read_real(data))


def test_a_document_without_anything_to_ask_is_refused(tmp_path: Path) -> None:
    document = pymupdf.open()
    for _ in range(3):
        document.new_page().insert_text((72, 72), "Nothing here repeats, and nothing has a heading.")
    document.save(tmp_path / "plain.pdf")
    with pytest.raises(DataError, match="no_structure"):
        draw(Pdf(str(tmp_path / "plain.pdf")))


def test_pinned_files_fail_only_their_own_samples(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf")
    write_pdf(tmp_path / "b.pdf", contents=True)
    family = Pdf(f"{tmp_path}/*.pdf").pin()
    (tmp_path / "a.pdf").unlink()
    with pytest.raises(DataError, match="asset_missing"):
        family.sample_truth(0, stream(1, "truth"))
    assert family.sample_truth(1, stream(1, "truth")).asset.name == "b.pdf"


def test_pages_of_several_sizes_are_shown_as_far_as_they_fit(tmp_path: Path) -> None:
    """A small first page says nothing of the foldout after it: the window counts each page at its own size."""
    path = write_pdf(tmp_path / "mixed.pdf")
    with pymupdf.open(path) as document:
        for number in range(6, document.page_count):
            document[number].set_mediabox(pymupdf.Rect(0, 0, 1684, 2384))
        document.save(tmp_path / "foldout.pdf")
    family = Pdf(str(tmp_path / "foldout.pdf"), language="en", context_tokens=8_192)
    for seed in range(6):
        truth = family.sample_truth(0, stream(seed, "truth"))
        rendering = family.render(truth, stream(seed, "render"))
        assert sum(image_tokens(image.width_px, image.height_px) for image in rendering.images) <= 8_192
        assert 1 <= truth.pages < 12
    with pytest.raises(DataError, match="page_too_large"):
        Pdf(str(tmp_path / "foldout.pdf"), language="en", context_tokens=2_100).sample_truth(0, stream(1, "truth"))


@pytest.mark.parametrize("bad", ["damaged", "exploding"])
def test_pages_outside_the_window_are_checked_before_they_are_read(tmp_path: Path, bad: str) -> None:
    """The terms asked about in vain come from pages that are not shown; one that cannot be unpacked safely refuses the file."""
    with pymupdf.open(write_pdf(tmp_path / "good.pdf")) as document:
        for number in range(2, document.page_count):
            (xref,) = document[number].get_contents()[:1]
            content = b"not deflated" if bad == "damaged" else zlib.compress(b" " * (80 * 1024 * 1024), 9)
            document.update_stream(xref, content, compress=False)
            document.xref_set_key(xref, "Filter", "/FlateDecode")
        document.save(tmp_path / "bad.pdf")
    family = Pdf(str(tmp_path / "bad.pdf"), language="en", max_pages=2)
    reasons = set()
    for seed in range(40):
        try:
            if family.sample_truth(0, stream(seed, "truth")).first < 2:
                pytest.fail("pages outside the window were read unchecked")
        except DataError as error:
            reasons.add(error.reason)
    assert reasons == {"malformed" if bad == "damaged" else "too_large"}


def test_no_opening_or_closing_comes_twice_in_a_conversation() -> None:
    """Catches the same remark before five of eight questions."""
    rng = stream(2, "wording")
    for path in sorted(FOLDER.glob("*.yaml")):
        wording = load_real_wording(path.stem)
        for _ in range(10):
            said: set[str] = set()
            asked = [wording.ask("count_tables", {}, rng, said) for _ in range(12)]
            assert all(sum(text.startswith(opening) for text in asked) <= 1 for opening in wording.openings if opening)
            assert all(sum(text.endswith(closing) for text in asked) <= 1 for closing in wording.closings if closing)


def test_every_language_asks_and_answers_everything() -> None:
    rng = stream(1, "wording")
    for path in sorted(FOLDER.glob("*.yaml")):
        wording = load_real_wording(path.stem)
        assert wording.language == path.stem
        slots = {"title": "«T»", "first": "«A»", "second": "«B»", "last": "«Z»", "lead": "«L»", "term": "«W»", "label": "«K»"}
        for task, kind in KIND_OF.items():
            values = () if kind.startswith("absent") else ("12",)
            used = {frozenset(s for s in slots if "{" + s + "}" in phrase) for phrase in wording.questions[task]}
            assert len(used) == 1, (path.stem, task, used)  # catches: a phrasing that forgets its subject
            assert "{" not in wording.ask(task, slots, rng, set())
            assert wording.says(task, wording.answer(task, values, rng), values)
            assert not wording.says(task, wording.answer(task, values, rng) + "3", values)


@pytest.mark.parametrize(
    ("path", "text", "language"),
    [
        ("/doc/install.ru.pdf.gz", "Установка системы", "ru"),
        ("/doc/x.pdf", "Установка системы", "ru"),
        ("/doc/ja/x.pdf", "システムの設定を行います", "ja"),
        ("/doc/x.pdf", "系统安装手册", "zh"),
        ("/it/manual.pdf", "the system of the people and the list for that is in the box", "it"),
        ("/x/manual.pdf", "the system of the people and the list for that is in the box", "en"),
        ("/x/handbuch.pdf", "der Rechner und die Platte werden nicht mit dem Netz verbunden, das ist klar", "de"),
        ("/x/q.pdf", "lorem ipsum dolor sit amet", "und"),
    ],
)
def test_document_language(path: str, text: str, language: str) -> None:
    assert document_language(path, text) == language


def test_leads_are_whole_words_of_one_sentence() -> None:
    late = "It was late. For more information about this graphical installer, see Section "
    assert trim_lead(late) == "For more information about this graphical installer, see Section"
    assert trim_lead("see Section ") == ""
    assert following_label("Table 3.9") == "Table 3.10"
    assert squeeze("Mitjans d’instal-\nlació") == squeeze("Mitjans d'instal lació")


@needs_guide
@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "de", "ru", "zh_CN", "ja"])
def test_guides_are_proved(language: str) -> None:
    family = Pdf(f"{GUIDE}/{language}/install.{language}.pdf.gz", "GPL-2.0-or-later")
    for seed in (1, 2):
        truth, stored, turns = draw(family, seed=seed)
        assert [verdict.reason for verdict in family.verify(stored, turns, truth) if not verdict.passed] == []
        assert truth.language == language.removesuffix("_CN")
        assert len(turns) == 2 * family.questions
