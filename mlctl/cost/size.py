"""Quantities of storage and memory as Kubernetes writes them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

_BYTES = {"": 1, "K": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4, "Ki": 1024, "Mi": 1024**2, "Gi": 1024**3, "Ti": 1024**4}


def gibibytes(quantity: Any) -> Decimal | None:
    """`50Gi` → 50; None where it is no such quantity."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]i?)?", str(quantity).strip())
    return Decimal(match[1]) * _BYTES[match[2] or ""] / _BYTES["Gi"] if match else None
