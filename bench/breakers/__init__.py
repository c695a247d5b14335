"""What can be broken, and which rule must notice: one row per rule and way of breaking it."""

from bench.breakers.aws import AWS
from bench.breakers.kubernetes import KUBERNETES
from bench.breakers.model import MODELS
from bench.breakers.spend import SPEND
from bench.breakers.tagging import TAGGING
from bench.breakers.way import Breaker

BREAKERS = (*AWS, *KUBERNETES, *SPEND, *TAGGING)

__all__ = ["BREAKERS", "MODELS", "Breaker"]
