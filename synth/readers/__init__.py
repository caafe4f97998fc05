"""Engines that read text in pictures: they had no part in drawing it. Families label with them, filters score with them."""
