"""Documents to ask about, laid out but not rasterised, since questions come before pictures."""

from functools import lru_cache

import pytest
from numpy.random import default_rng

from synth.documents.chapters import write_document
from synth.documents.chapters_budget import Room
from synth.documents.layout import draw_look, layout
from synth.documents.questions import Context
from synth.documents.sampling import sample_companion, sample_world
from synth.documents.wording import load_wording


@lru_cache
def context_of(language: str, genre: str, seed: int, documents: int = 1) -> Context:
    """A context of one or two documents of ten pages each."""
    rng = default_rng(seed)
    world = sample_world(language, genre, 10, rng)
    worlds = (world, sample_companion(world, rng))[:documents]
    wording, look = load_wording(language), draw_look(language, rng)
    room = Room.of(look.size_pt, look.leading, look.margins_pt)
    written = tuple(write_document(world, wording, rng, pages_target=10, room=room) for world in worlds)
    return Context.of(worlds, written, tuple(layout(text.document, look, rng) for text in written))


KINDS = (("en", "annual_report", 1), ("ar", "catalogue", 2), ("zh", "tender", 3))


@pytest.fixture(params=KINDS, ids=lambda param: str(param[0]))
def context(request: pytest.FixtureRequest) -> Context:
    """Documents in three scripts, one right to left and one without spaces."""
    return context_of(*request.param)


@pytest.fixture
def contexts() -> list[Context]:
    """All of them."""
    return [context_of(*kind) for kind in KINDS]


@pytest.fixture
def pair() -> Context:
    """Two issues of one document."""
    return context_of("de", "annual_report", 4, documents=2)
