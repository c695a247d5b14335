"""Keeps paid answers on disk: Cost Explorer bills every request."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class AnswerCache:
    """A folder of answers, named by a hash of the request and of the day until which the answer holds."""

    folder: Path

    def get(self, request: Mapping[str, Any]) -> Any | None:
        """The answer; None where it is not there or damaged, so that it is asked for again."""
        try:
            kept = json.loads(self._path(request).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return kept.get("answer") if isinstance(kept, dict) and kept.get("request") == _plain(request) else None

    def put(self, request: Mapping[str, Any], answer: Any) -> None:
        """Keep an answer, readable by its owner alone."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._path(request)
        temporary = path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
            json.dump({"request": _plain(request), "answer": answer}, stream)
        temporary.replace(path)

    def _path(self, request: Mapping[str, Any]) -> Path:
        text = json.dumps(request, sort_keys=True)
        return self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"


def _plain(request: Mapping[str, Any]) -> Any:
    return json.loads(json.dumps(request))
