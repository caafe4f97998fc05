"""The text layer of a clean rendering reads back as it was written."""

from dataclasses import replace

from schemas.sample import Stored
from schemas.text_layer import Cluster, Run, TextLayer, TextLine, Word, read_layer, write_layer


def test_a_layer_reads_back_as_it_was_written() -> None:
    run = Run("سلام", "Amiri-Regular.ttf", 0, (("wght", 700.0),), 31.5, 12.25, 40.0, rtl=True)
    word = Word(
        "سلام", (12.0, 20.0, 60.0, 44.0), (Cluster("سل", (30.0, 20.0, 60.0, 40.0)), Cluster("ام", (12.0, 22.0, 30.0, 44.0))), (run,)
    )
    covered = replace(word, hidden=True)
    layer = TextLayer(80, 60, (TextLine("سلام سلام", "ar", (12.0, 20.0, 60.0, 44.0), (word, covered), role="heading", block=3, rtl=True),))
    attachment = write_layer(layer)
    assert read_layer(Stored((), (), (attachment,))) == layer
    assert write_layer(layer) == attachment
