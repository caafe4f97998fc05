"""A picture's warp as an attachment, and back: what verifiers and filters lay the stored picture flat with."""

from pydantic import TypeAdapter

from schemas.canonical import canonical_json
from schemas.sample import Attachment, Stored
from synth.render.warp import Warp

WARP_NAME = "warp-0.json"
_ADAPTER = TypeAdapter(Warp)


def warp_attachment(warp: Warp) -> Attachment:
    """From the clean rendering to the picture."""
    return Attachment.of(
        WARP_NAME, "application/json", canonical_json({name: getattr(warp, name) for name in warp.__slots__}, text_keys=True).encode()
    )


def stored_warp(stored: Stored) -> Warp:
    """The inverse of `warp_attachment`. KeyError if there is none."""
    return _ADAPTER.validate_json(stored.attachment(WARP_NAME).data)
