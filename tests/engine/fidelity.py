"""Counts what the proofs compare, and writes docs/fidelity.md of it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Fidelity:
    """What was compared with what, by the name of the comparison."""

    versions: dict[str, str] = field(default_factory=dict)
    compared: dict[str, int] = field(default_factory=dict)
    differences: dict[str, list[str]] = field(default_factory=dict)
    seen: dict[str, list[str]] = field(default_factory=dict)

    def record(self, name: str, compared: int, differences: list[str]) -> None:
        """Adds to a comparison; a difference is one line of text."""
        self.compared[name] = self.compared.get(name, 0) + compared
        self.differences.setdefault(name, []).extend(differences)

    def note(self, name: str, items: list[str]) -> None:
        """Keeps a list that the page shows: kinds that could not be judged, say."""
        self.seen[name] = sorted({*self.seen.get(name, []), *items})
