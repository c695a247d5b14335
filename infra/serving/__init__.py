"""How a model answers requests: one component per mode, and what they share."""
