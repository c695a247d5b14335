"""Features: one set of definitions for the offline and the online store."""
