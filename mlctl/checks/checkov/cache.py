"""Remembers what Checkov said: the same Checkov, asked the same question about the same content, gives the same answer.

A scan is remembered whole, since some checks look at several objects of it; the search for secrets is remembered file by file.
A missing, broken or unwritable cache only costs time.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

Record = list[Any]
ScanQuestion = Mapping[str, Any]
"""{"framework": …, "files": [path, …]}"""

_KEPT = 64
"""Scans that are kept: a dozen commits' worth."""

_SCRATCH = "@scratch@"
"""Stands for the folder of this run in what is kept."""


class ScanCache:
    """Question → answer, one file each.

    Parameters
    ----------
    folder
        Where they are kept.
    asker
        What answers depend on besides the question; see `installation`.
    scratch
        The temporary folder that paths in questions and answers may begin with.
    """

    def __init__(self, folder: Path, asker: str, scratch: Path) -> None:
        self._folder = folder
        self._asker = asker
        self._scratch = str(scratch)
        self._digests: dict[str, str] = {}
        self._known: dict[str, Any] = {}

    def unseen(self, scans: Mapping[str, ScanQuestion]) -> dict[str, ScanQuestion]:
        """The scans that are to be asked; the answers to the others are at hand."""
        digests = {name: self._digest(scan) for name, scan in scans.items()}
        read = {name: self._read(digest) for name, digest in digests.items()}
        self._digests |= digests
        self._known |= {name: answer for name, answer in read.items() if answer is not None}
        return {name: scan for name, scan in scans.items() if name not in self._known}

    def complete(self, answers: Mapping[str, Any], whole: Collection[str]) -> dict[str, Any]:
        """The new answers and the remembered ones. Of the new ones those are remembered that saw the `whole` of their question."""
        for name in whole:
            self._write(self._digests[name], answers[name])
        self._prune()
        return {**self._known, **answers}

    def _digest(self, scan: ScanQuestion) -> str:
        digest = hashlib.sha256(f"{self._asker}\n{scan['framework']}\n".encode())
        for path in scan["files"]:
            content = Path(path).read_bytes()
            digest.update(f"{path.replace(self._scratch, _SCRATCH)}\n{len(content)}\n".encode() + content)
        return digest.hexdigest()

    def _file(self, digest: str) -> Path:
        return self._folder / f"{digest}.json"

    def _read(self, digest: str) -> Any:
        try:
            answer = json.loads(self._file(digest).read_text(encoding="utf-8").replace(_SCRATCH, self._scratch))
            os.utime(self._file(digest))
        except (OSError, ValueError):
            return None
        complete = isinstance(answer, dict) and all(isinstance(answer.get(key), list) for key in ("resources", "unparsed", "records"))
        return answer if complete else None

    def _write(self, digest: str, answer: Any) -> None:
        _store(self._file(digest), json.dumps(answer).replace(self._scratch, _SCRATCH))

    def _prune(self) -> None:
        kept = sorted(self._folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in kept[_KEPT:]:
            path.unlink(missing_ok=True)


class SecretsCache:
    """Content of a file → secrets found in it."""

    def __init__(self, path: Path, asker: str) -> None:
        self._path = path
        self._asker = asker
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
        remembered, records = {}, []
        for path in files:
            digest = self._hashes[path]
            own = self._known[digest] if digest in self._known else fresh.get(str(path), [])
            remembered[digest] = own
            records += [[*record[:4], str(path), *record[5:]] for record in own]
        _store(self._path, json.dumps({"asker": self._asker, "files": remembered}))
        return records

    def _load(self) -> dict[str, list[Record]]:
        try:
            stored = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        known = stored.get("files") if isinstance(stored, dict) and stored.get("asker") == self._asker else None
        return known if isinstance(known, dict) else {}


def installation(python: Path, own: Sequence[Path]) -> str:
    """What answers depend on besides the question: every package of Checkov's environment, and our own code that runs in it."""
    packages = sorted(path.name for path in python.parent.parent.glob("lib/python3*/site-packages/*.dist-info"))
    digest = hashlib.sha256("\n".join([str(python), *packages]).encode())
    for path in own:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _store(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError:
        return  # a read-only checkout: asked again next time
