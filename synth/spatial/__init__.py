"""Families about space: scenes with metric truth, seen by a known camera."""
