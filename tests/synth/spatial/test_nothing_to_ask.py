"""A picture about which nothing can be asked is a refusal with a name, not a crash."""

import pytest

from schemas.errors import DataError
from synth.make import make_sample
from synth.spatial.grounding import Grounding
from synth.spatial.relations import Relations


@pytest.mark.parametrize(
    ("family", "name"),
    [
        (Grounding(places=("bedroom",), min_side_px=320, max_side_px=320), "grounding"),
        (Relations(places=("bedroom",), min_side_px=320, max_side_px=320), "relations"),
    ],
)
def test_a_picture_without_questions_is_a_refusal(family: Grounding | Relations, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as without:
        without.setattr(f"synth.spatial.{name}.write_turns", lambda *_: ())
        with pytest.raises(DataError, match="nothing_to_ask"):
            make_sample(family, f"spatial.{name}", 0, 4)
    monkeypatch.setattr(f"synth.spatial.{name}.image_tokens", lambda *_: 8192)
    with pytest.raises(DataError, match="over_budget"):
        make_sample(family, f"spatial.{name}", 0, 4)
