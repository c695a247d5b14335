"""The typed environment: everything under environments/, read once, frozen."""

from mlctl.config.environment import Environment
from mlctl.config.load import load_environment, load_environments

__all__ = ["Environment", "load_environment", "load_environments"]
