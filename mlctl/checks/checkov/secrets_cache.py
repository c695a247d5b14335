"""Remembers which file contents were searched for secrets: a search takes about half a millisecond a line, and files seldom change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Record = list[Any]


class SecretsCache:
    """Content hash → records found, for one Checkov installation. A missing or broken cache only costs time."""

    def __init__(self, path: Path, python: Path) -> None:
        self._path = path
        self._key = _installation(python)
        self._hashes: dict[Path, str] = {}
        self._known: dict[str, list[Record]] = self._load()

    def unseen(self, files: Sequence[Path]) -> list[Path]:
        """The files whose content was not searched before."""
        self._hashes = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
        return [path for path in files if self._hashes[path] not in self._known]

    def complete(self, files: Sequence[Path], found: Sequence[Record]) -> list[Record]:
        """The new records and the remembered ones; the new ones are remembered."""
        fresh: dict[str, list[Record]] = {}
        for record in found:
            fresh.setdefault(str(record[4]), []).append(record)
        remembered = {}
        for path in files:
            digest = self._hashes[path]
            records = self._known[digest] if digest in self._known else fresh.get(str(path), [])
            remembered[digest] = [[*record[:4], str(path), *record[5:]] for record in records]
        self._store(remembered)
        return [record for records in remembered.values() for record in records]

    def _load(self) -> dict[str, list[Record]]:
        try:
            stored = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        known = stored.get("files") if isinstance(stored, dict) and stored.get("installation") == self._key else None
        return known if isinstance(known, dict) else {}

    def _store(self, remembered: dict[str, list[Record]]) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary = self._path.with_suffix(".new")
            temporary.write_text(json.dumps({"installation": self._key, "files": remembered}), encoding="utf-8")
            temporary.replace(self._path)
        except OSError:
            return  # a read-only checkout: searched again next time


def _installation(python: Path) -> str:
    """What the answers depend on besides the content: the Checkov that gave them."""
    found = sorted(path.name for path in python.parent.parent.glob("lib/python3*/site-packages/*.dist-info"))
    wanted = [name for name in found if name.startswith(("checkov-", "bc_detect_secrets-", "detect_secrets-"))]
    return " ".join(wanted) or str(python)
