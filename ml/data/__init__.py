"""Data sets: generators, loaders, ingestion with quarantine, content hashes and lineage."""
