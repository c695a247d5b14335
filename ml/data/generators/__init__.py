"""Seeded data generators, one file per model that ships with the template."""
