"""Families over documents of many pages, and what they share: the world a document tells of, its blocks, its layout, its questions."""
