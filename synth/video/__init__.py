"""Clips: exact times, sampling, and the families of video."""
