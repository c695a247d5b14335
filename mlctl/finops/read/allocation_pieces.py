"""Reads a large allocation answer piece by piece, in several processes, so that it is never in memory as a whole."""

from __future__ import annotations

import gc
import json
import os
import re
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from io import BufferedReader
from pathlib import Path

import msgspec

from mlctl.finops.ledger import Ledger
from mlctl.finops.period import Period
from mlctl.finops.read.allocation_hours import Allocation, Hours
from mlctl.finops.read.processes import in_processes

_BETWEEN = re.compile(rb"\}\s*,\s*\{")
"""What stands between two steps, and hardly anywhere else: whether a piece ends there is seen when it is read."""
_AROUND = 1 << 16
"""Within as many bytes of its begin and end, an answer says what it is."""
_BLOCK = 1 << 20
_CLOSE = ord("]")
_HEAD = re.compile(rb'"data"\s*:\s*\[')
_STEPS = msgspec.json.Decoder(list[dict[str, Allocation] | None])


def read_pieces(path: Path, period: Period, *, piece: int, processes: int) -> list[Hours] | None:
    """What a file holds, of pieces of `piece` bytes; None where it does not begin and end like an answer.

    Raises
    ------
    ValueError
        What stands between is no list of steps.
    """
    with path.open("rb") as stream:
        found = _frame(stream)
        if found is None:
            return None
        cuts = _cuts(stream, *found, processes)
    jobs = [(path, begin, end, period, piece) for begin, end in cuts]
    parts = list(in_processes(_read_part, jobs))
    if None in parts:  # a cut was none
        parts = [_read_part((path, *found, period, piece))]
    read = [part for part in parts if part is not None]
    if len(read) < len(parts):
        raise ValueError("its steps cannot be read")
    return read


def _frame(stream: BufferedReader) -> tuple[int, int] | None:
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


def _cuts(stream: BufferedReader, begin: int, end: int, count: int) -> list[tuple[int, int]]:
    """At most `count` parts of about one size, cut between steps."""
    places = [begin]
    for number in range(1, count):
        target = begin + (end - begin) * number // count
        stream.seek(target)
        piece = _Piece(stream, end - target, _BLOCK)
        between = piece.after(piece.begin)
        first = target - piece.begin
        if between and first + between[0] >= places[-1]:
            places += [first + between[0], first + between[1]]
    places.append(end)
    return list(zip(places[::2], places[1::2], strict=True))


class _Piece:
    """What was read of a part and is not yet taken, as the begin of a JSON list.

    It stays in one place of memory: to ask for fresh memory and to copy into it takes longer than to read.
    """

    begin = 1
    """Where the first step begins."""

    def __init__(self, stream: BufferedReader, left: int, size: int) -> None:
        self._stream = stream
        self._left = left
        self._size = size
        """Bytes to read at once."""
        self._memory = bytearray(b"[") + bytes(2 * size)
        self.end = self.begin

    def after(self, reach: int) -> tuple[int, int] | None:
        """Where one step ends and the next begins, after `reach`; None where this is the last. Reads on as far as it must."""
        while True:
            match = _BETWEEN.search(self._memory, reach, self.end)
            found = (match.start() + 1, match.end() - 1) if match else None
            if found or not self._left:
                return found
            reach = max(self.end - _AROUND, reach)
            self._read()

    def take(self, end: int, begin: int, read: Callable[[memoryview], bool]) -> bool:
        """Have the list of what stands before `end` read; if it could be, go on at `begin`."""
        kept, self._memory[end] = self._memory[end], _CLOSE
        taken = read(memoryview(self._memory)[: end + 1])
        self._memory[end] = kept
        if taken:
            rest = memoryview(self._memory)[begin : self.end]
            self.end = self.begin + len(rest)
            memoryview(self._memory)[self.begin : self.end] = rest
        return taken

    def _read(self) -> None:
        if self.end + self._size >= len(self._memory):
            self._memory = self._memory + bytes(len(self._memory))
        count = self._stream.readinto(memoryview(self._memory)[self.end : self.end + min(self._size, self._left)])
        self.end += count
        self._left = self._left - count if count else 0


def _read_part(job: tuple[Path, int, int, Period, int]) -> Hours | None:
    """Read the steps from `begin` to `end`, a piece at a time; None where they do not end there."""
    path, begin, end, period, size = job
    hours = Hours(Ledger(period.previous.first, period.end), str(path), period.first)
    read = partial(_add, hours)
    gc.disable()  # nothing here is a cycle, and looking for some takes as long as the reading
    try:
        with path.open("rb") as stream:
            stream.seek(begin)
            piece = _Piece(stream, end - begin, size)
            reach = size
            while between := piece.after(reach):
                reach = size if piece.take(*between, read) else between[1]
            return hours if piece.take(piece.end, piece.end, read) else None
    finally:
        gc.enable()


def _add(hours: Hours, text: memoryview) -> bool:
    """Add the steps in a piece; False where it is no complete list of steps."""
    try:
        steps = _STEPS.decode(text)
    except msgspec.DecodeError:
        pass
    else:
        hours.add(steps)
        return True
    try:
        value = json.loads(bytes(text), parse_float=Decimal)
    except ValueError:
        return False
    hours.add_plain(value)
    return True
