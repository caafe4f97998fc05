"""Engines that turn structured content into pixels and files and report where each part landed. Knows no family."""
