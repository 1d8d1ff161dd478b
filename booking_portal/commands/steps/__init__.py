"""Writes of two steps: move, cancel first, register and book."""
