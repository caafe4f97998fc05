"""Turns a seed into a sample whose answers can be proved again: one module a family, and the engines that families share."""

from pkgutil import extend_path

# A folder of the same name elsewhere on the path adds to this package: that is how tests, and people, keep families of their own.
__path__ = extend_path(__path__, __name__)
