"""The reference Qwen3-VL and everything that trains it. Torch stays in here; what a sample is comes from `schemas`."""
