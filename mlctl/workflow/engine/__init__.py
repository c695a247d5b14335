"""Decides what runs next, and remembers what has run."""
