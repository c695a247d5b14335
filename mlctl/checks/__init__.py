"""Judges a plan: rules, Checkov, waivers."""
