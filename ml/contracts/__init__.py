"""Data contracts: one definition of a row, used in ingestion, training, serving and monitoring."""
