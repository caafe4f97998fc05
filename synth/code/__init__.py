"""Families whose answers are code: every target is executed, and what it draws is compared."""
