"""How a model version reaches an environment and leaves it: gates, the pinned version, pull requests, registries, the canary."""
