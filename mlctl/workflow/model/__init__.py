"""The parts of a manifest, typed: what a template takes, does and gives."""
