"""What a test has the provider do wrong, and what the provider was asked for: files in a folder, since they are two processes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class OrderedFailureError(Exception):
    """The failure that a test asked for."""


class Orders:
    """The folder's files: `fail` holds a URN whose next change fails; `changed` what others did to resources; `journal` every change."""

    def __init__(self, folder: Path) -> None:
        self._fail, self._changed, self._journal = folder / "fail", folder / "changed.json", folder / "journal"

    # The test's side.

    def fail_once(self, urn: str) -> None:
        self._fail.write_text(urn)

    def change_by_others(self, changes: Mapping[str, Mapping[str, Any] | None]) -> None:
        """URN → changed properties; None where the resource is gone."""
        self._changed.write_text(json.dumps({urn: None if change is None else dict(change) for urn, change in changes.items()}))

    def take_journal(self) -> list[tuple[str, str]]:
        """(operation, URN) since the last time, in the order of their beginning."""
        lines = self._journal.read_text().splitlines() if self._journal.exists() else []
        self._journal.unlink(missing_ok=True)
        return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines]

    # The provider's side.

    def follow(self, operation: str, urn: str) -> None:
        """Note the operation, and fail where the test said so."""
        if self._fail.exists() and self._fail.read_text() == urn:
            self._fail.unlink()
            raise OrderedFailureError(f"the test has {operation} of {urn} fail once")
        with self._journal.open("a", encoding="utf-8") as journal:
            os.write(journal.fileno(), f"{operation} {urn}\n".encode())

    def is_gone(self, urn: str) -> bool:
        changes = self._read_changes()
        return urn in changes and changes[urn] is None

    def changed_by_others(self, urn: str) -> Mapping[str, Any]:
        return self._read_changes().get(urn) or {}

    def _read_changes(self) -> dict[str, Any]:
        return json.loads(self._changed.read_text()) if self._changed.exists() else {}
