"""The log on disk: `evidence/<model>.jsonl`, one chain per model, and `evidence/heads.json`, how long each chain is and where it ends.

Writers hold a lock, so that none loses a record. A line that was cut off by a crash was never acknowledged; the next writer removes it.
The heads detect a chain that was cut at its end. Against somebody who rewrites chain and heads together there are two further
defences: the object-locked copy in S3 (`LockedCopy`), and `verify_extends`, by which the gate compares with the base branch.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlctl.errors import InputError
from mlctl.evidence.atomic import write_atomically
from mlctl.evidence.chain import EMPTY, End, check_chain, count_lines, drop_torn_line, extend_chain, last_record, read_chain
from mlctl.evidence.record import Event, Record

HEADS = "heads.json"


class EvidenceLog:
    """The log in a folder. The folder is made at the first record."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def append(self, events: Sequence[Event]) -> list[Record]:
        """Write events at the end of their models' chains, all or none of each model's, and return their records.

        Raises
        ------
        InputError
            The chain does not end where it should: nothing is added to it before that is understood.
        """
        by_model: dict[str, list[Event]] = {}
        for event in events:
            by_model.setdefault(event.model, []).append(event)
        written: list[Record] = []
        with self._locked():
            for model, wanted in by_model.items():
                written += self._extend(model, wanted)
        return written

    def mend(self) -> list[str]:
        """Finish what a writer that was killed left: a cut line, or a head that is behind its chain; what was done, one line each.

        Raises
        ------
        InputError
            A chain was edited or cut: nothing is mended before that is understood.
        """
        done: list[str] = []
        if not self.folder.is_dir():
            return done
        with self._locked():
            heads = self._heads()
            for path in self._chains():
                size = path.stat().st_size
                drop_torn_line(path)
                if path.stat().st_size != size:
                    done.append(f"{path.name}: a line that was cut off was removed; it was never acknowledged")
                end = self._end(path)
                if end != heads.get(path.stem, EMPTY):
                    self._write_head(path.stem, end)
                    done.append(f"{path.name}: {HEADS} was behind the chain and was brought up to it")
        return done

    def records(self, model: str | None = None) -> Iterator[Record]:
        """Records of one model, or of all, each chain in its order. A damaged line raises InputError."""
        for path in self._chains():
            if model is None or path.stem == model:
                yield from (record for _, record in read_chain(path))

    def models(self) -> list[str]:
        return [path.stem for path in self._chains()]

    def verify(self, model: str | None = None) -> list[str]:
        """What is wrong with the log, or with one model's chain, one line each; empty where it is whole."""
        problems: list[str] = []
        heads = self._heads()
        if model is not None:
            heads = {name: head for name, head in heads.items() if name == model}
        for path in self._chains():
            if model is None or path.stem == model:
                problems += _verify(path, heads.pop(path.stem, None))
        problems += [f"{self.folder / (name + '.jsonl')}: the whole chain is missing" for name in sorted(heads)]
        return problems

    def _extend(self, model: str, events: Sequence[Event]) -> list[Record]:
        path = self._path(model)
        drop_torn_line(path)
        end = self._end(path)
        size = path.stat().st_size if path.exists() else 0
        records = extend_chain(path, events, end)
        try:
            self._write_head(model, End(count=records[-1].sequence, hash=records[-1].hash))
        except InputError:
            os.truncate(path, size)  # all or nothing: the caller is told that nothing was recorded
            raise
        return records

    def _end(self, path: Path) -> End:
        """Where the chain ends. A head that is behind is what a crash between the two writes leaves, and is mended."""
        head = self._heads().get(path.stem, EMPTY)
        last = last_record(path)
        if last is None:
            if head.count:
                raise InputError("the whole chain is missing", file=path, remedy="restore it from git or from the object-locked copy")
            return EMPTY
        end = End(count=last.sequence, hash=last.hash)
        if end == head:
            return end
        problems, end = check_chain(path)
        if problems:
            raise InputError(f"the chain is broken: {problems[0]}", file=path, remedy="run mlctl evidence verify")
        hashes = [record.hash for _, record in read_chain(path)]
        if head.count > len(hashes) or (head.count and hashes[head.count - 1] != head.hash):
            raise InputError("the chain was cut or replaced", file=path, remedy="run mlctl evidence verify")
        return end

    def _heads(self) -> dict[str, End]:
        path = self.folder / HEADS
        if not path.exists():
            return {}
        try:
            heads = json.loads(path.read_text(encoding="utf-8"))
            return {str(model): End(count=int(head["count"]), hash=str(head["hash"])) for model, head in heads.items()}
        except (ValueError, TypeError, KeyError, AttributeError):
            remedy = "restore it from git"
            raise InputError("is not the JSON that this log writes", file=path, remedy=remedy) from None

    def _write_head(self, model: str, end: End) -> None:
        heads = {**self._heads(), model: end}
        content = {name: {"count": head.count, "hash": head.hash} for name, head in heads.items()}
        write_atomically(self.folder / HEADS, json.dumps(content, indent=2, sort_keys=True) + "\n")

    def _chains(self) -> list[Path]:
        return sorted(self.folder.glob("*.jsonl"))

    def _path(self, model: str) -> Path:
        if not model.replace("-", "").isalnum():
            raise InputError(f"{model!r} is no model name", key="model", allowed="letters, digits and hyphens")
        return self.folder / f"{model}.jsonl"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            folder = os.open(self.folder, os.O_RDONLY)  # the folder itself is the lock: no file that could be committed
            try:
                fcntl.flock(folder, fcntl.LOCK_EX)
                yield
            finally:
                os.close(folder)
        except OSError as error:
            raise InputError(f"cannot be written: {error.strerror}", file=self.folder, remedy="free the disk and repeat") from None


def read_records(folder: Path) -> list[Mapping[str, Any]]:
    """All records as plain mappings, for rules. InputError where a line is damaged."""
    return [json.loads(record.line()) for record in EvidenceLog(folder).records()]


def verify_extends(folder: Path, earlier: Path) -> list[str]:
    """What is wrong with a log that should only have grown since `earlier`: each older chain must be a prefix of the newer one."""
    problems = []
    for path in sorted(earlier.glob("*.jsonl")):
        newer = folder / path.name
        old = path.read_bytes()
        if not newer.exists() or not newer.read_bytes().startswith(old):
            problems.append(f"{newer}: records that stood in the base are gone or changed")
    return problems


def _verify(path: Path, head: End | None) -> list[str]:
    problems, end = check_chain(path)
    if head is None:
        return [*problems, f"{path}: {HEADS} does not know this chain"]
    lines = count_lines(path)
    if lines < head.count:
        problems.append(f"{path}: {head.count - lines} records are missing at the end")
    elif not problems and end != head:
        problems.append(f"{path}: the chain does not end where {HEADS} says")
    return problems
