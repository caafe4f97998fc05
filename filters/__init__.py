"""Scores for samples: higher is better, nothing is dropped here, readers choose thresholds. Knows engines of `synth`, no families."""

from pkgutil import extend_path

# A folder of the same name elsewhere on the path adds to this package: that is how tests, and people, keep filters of their own.
__path__ = extend_path(__path__, __name__)
