"""Monitoring: is what the model sees today still what it was trained on, and is it still right?

One metric per file. Each declares its valid inputs, its default threshold and its direction. Every verdict has three values:
``ok``, ``drift``, ``not_evaluated`` (too few rows, no labels yet). Nothing here reads a clock: dates are passed in.
"""
