"""One rule by which the API server refuses objects in the teams' namespaces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """One condition that must hold; otherwise the message is shown to whoever sent the object."""

    expression: str
    message: str
    """A CEL expression of text, so that it can name what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionRule:
    """A ValidatingAdmissionPolicy over pods, and over what makes pods."""

    resources: Mapping[str, tuple[str, ...]]
    """API group → its resources, of v1."""
    operations: tuple[str, ...]
    variables: dict[str, str] = field(default_factory=dict)
    validations: tuple[Validation, ...]
