"""What a filter is: one number for one sample, higher is better, or none. Readers choose thresholds; a recipe may too.

A filter is a plain function in a module below `filters`; its name in recipes is module and function (`pixels.contrast` is
`filters.pixels.contrast`) and its score is stored in the column `score.pixels.contrast`, null where there is none. There is no registry and
no base class.
"""

from typing import Protocol

from schemas.sample import Sample


class Filter(Protocol):
    """Scores one sample from what a reader sees."""

    def __call__(self, sample: Sample, /) -> float | None:
        """A finite number, a pure function of the sample; higher is better. None where the filter does not apply, as reading text back
        does not to a sample without text: no threshold turns such a sample down, and `assay stats` counts it apart.
        """
        ...
