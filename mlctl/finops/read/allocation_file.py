"""Reads saved allocation answers; a large one piece by piece, in two processes."""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

import msgspec

from mlctl.config.environment import Environment
from mlctl.errors import InputError
from mlctl.finops.charge import SourceData
from mlctl.finops.ledger import Ledger
from mlctl.finops.period import Period
from mlctl.finops.read.allocation import AllocationReader
from mlctl.finops.read.allocation_hours import Allocation, Hours

_ALLOWED = "an answer of /allocation, complete to its end"
_BETWEEN = re.compile(rb"\}\s*,\s*\{")
"""What stands between two steps, and hardly anywhere else: whether a piece ends there is seen when it is read."""
_AROUND = 1 << 16
"""Within as many bytes of its begin and end, an answer says what it is."""
_HEAD = re.compile(rb'"data"\s*:\s*\[')
_STEPS = msgspec.json.Decoder(list[dict[str, Allocation] | None])


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How files are read, in bytes."""

    large: int = 32 << 20
    """Files above this are read in pieces."""
    piece: int = 16 << 20
    processes: int = 2


def read_allocation_files(paths: Sequence[Path], environment: Environment, period: Period, sizes: Sizes | None = None) -> SourceData:
    """The allocations in saved answers; together they may cover each hour of a workload once.

    Raises
    ------
    InputError
        A file is not there, is no answer, or holds what cannot be.
    """
    sizes = sizes or Sizes()
    reader = AllocationReader("allocation files", environment, period)
    for path in paths:
        try:
            large = path.stat().st_size > sizes.large
            if not (large and _read_large(path, reader, period, sizes)):
                reader.add(json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal), origin=str(path))
        except FileNotFoundError:
            raise InputError("there is no such file", file=path, key="--from") from None
        except (ValueError, OSError) as error:
            raise InputError(f"is no JSON: {error}", file=path, allowed=_ALLOWED) from None
    return reader.data()


def _read_large(path: Path, reader: AllocationReader, period: Period, sizes: Sizes) -> bool:
    """Read a file in pieces; False where it does not begin and end like an answer, so that it is read whole."""
    with path.open("rb") as stream:
        found = _frame(stream)
        if found is None:
            return False
        cuts = _cuts(stream, *found, sizes)
    jobs = [(path, begin, end, period, sizes.piece) for begin, end in cuts]
    with multiprocessing.get_context("fork").Pool(len(jobs)) as pool:
        parts = pool.map(_read_part, jobs, chunksize=1)
    if None in parts:  # a cut was none
        parts = [_read_part((path, *found, period, sizes.piece))]
    for part in parts:
        if part is None:
            raise ValueError("its steps cannot be read")
        reader.add_hours(part, origin=str(path))
    return True


def _frame(stream: BinaryIO) -> tuple[int, int] | None:
    """Where the steps begin and end, if what stands around them is an answer with code 200."""
    begin = stream.read(_AROUND)
    last = max(stream.seek(0, os.SEEK_END) - _AROUND, 0)
    stream.seek(last)
    end = stream.read()
    head, tail = _HEAD.search(begin), end.rfind(b"]")
    if head is None or last + tail < head.end():
        return None
    try:
        around = json.loads(begin[: head.end()] + end[tail:])
    except ValueError:
        return None
    return (head.end(), last + tail) if around.get("data") == [] and around.get("code", 200) == 200 else None


def _cuts(stream: BinaryIO, begin: int, end: int, sizes: Sizes) -> list[tuple[int, int]]:
    """At most as many parts as processes, of about one size, cut between steps."""
    places = [begin]
    for number in range(1, sizes.processes):
        target = begin + (end - begin) * number // sizes.processes
        stream.seek(target)
        piece = _Piece(stream, end - target)
        between = piece.after(0, sizes.piece)
        if between and target + between[0] >= places[-1]:
            places += [target + between[0], target + between[1]]
    places.append(end)
    return list(zip(places[::2], places[1::2], strict=True))


class _Piece:
    """What was read of a part and is not yet taken."""

    def __init__(self, stream: BinaryIO, left: int) -> None:
        self.text = b""
        self._stream = stream
        self._left = left

    def after(self, reach: int, size: int) -> tuple[int, int] | None:
        """Where one step ends and the next begins, after `reach`; None where this is the last. Reads on as far as it must."""
        while True:
            place = self.text.find(b"},{", reach)  # as servers send it, and found ten times as fast
            found = (place + 1, place + 2) if place >= 0 else None
            if found is None and (match := _BETWEEN.search(self.text, reach)):
                found = match.start() + 1, match.end() - 1
            if found or not self._left:
                return found
            reach = max(len(self.text) - _AROUND, reach)
            more = self._stream.read(min(size, self._left))
            self._left = self._left - len(more) if more else 0
            self.text += more


def _read_part(job: tuple[Path, int, int, Period, int]) -> Hours | None:
    """Read the steps from `begin` to `end`, a piece at a time; None where they do not end there."""
    path, begin, end, period, size = job
    hours = Hours(Ledger(period.previous.first, period.end), str(path))
    gc.disable()  # nothing here is a cycle, and looking for some takes as long as the reading
    try:
        with path.open("rb") as stream:
            stream.seek(begin)
            piece, reach = _Piece(stream, end - begin), size
            while between := piece.after(reach, size):
                if _take(hours, b"[" + piece.text[: between[0]] + b"]"):
                    piece.text, reach = piece.text[between[1] :], size
                else:
                    reach = between[1]
            return hours if _take(hours, b"[" + piece.text + b"]") else None
    finally:
        gc.enable()


def _take(hours: Hours, text: bytes) -> bool:
    """Add the steps in a piece; False where it is no complete list of steps."""
    try:
        steps = _STEPS.decode(text)
    except msgspec.DecodeError:
        pass
    else:
        hours.add(steps)
        return True
    try:
        value = json.loads(text, parse_float=Decimal)
    except ValueError:
        return False
    hours.add_plain(value)
    return True
