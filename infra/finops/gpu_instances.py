"""Instance types with NVIDIA GPUs: what the GPU budget counts and its guard refuses.

From https://aws.amazon.com/ec2/instance-types/ (Accelerated Computing).
"""

from __future__ import annotations

_UP_TO_24 = ("xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge")

FAMILIES: dict[str, tuple[str, ...]] = {
    "g4dn": ("xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "metal"),
    "g5": (*_UP_TO_24, "48xlarge"),
    "g5g": ("xlarge", "2xlarge", "4xlarge", "8xlarge", "16xlarge", "metal"),
    "g6": (*_UP_TO_24, "48xlarge"),
    "g6e": (*_UP_TO_24, "48xlarge"),
    "gr6": ("4xlarge", "8xlarge"),
    "p3": ("2xlarge", "8xlarge", "16xlarge"),
    "p3dn": ("24xlarge",),
    "p4d": ("24xlarge",),
    "p4de": ("24xlarge",),
    "p5": ("4xlarge", "48xlarge"),
    "p5e": ("48xlarge",),
    "p5en": ("48xlarge",),
    "p6-b200": ("48xlarge",),
}

PATTERNS = ("g4*.*", "g5*.*", "g6*.*", "gr*.*", "p3*.*", "p4*.*", "p5*.*", "p6*.*")
"""The same families, and their successors, as IAM patterns."""


def gpu_instance_types() -> list[str]:
    """EC2 types and the SageMaker types of the same name (`ml.g5.xlarge`), as the bill names them."""
    types = [f"{family}.{size}" for family, sizes in FAMILIES.items() for size in sizes]
    return [*types, *(f"ml.{item}" for item in types if not item.endswith(".metal"))]
