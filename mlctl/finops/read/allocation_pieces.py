"""Reads a large allocation answer piece by piece, in several processes, so that it is never in memory as a whole."""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import re
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

import msgspec

from mlctl.finops.ledger import Ledger
from mlctl.finops.period import Period
from mlctl.finops.read.allocation_hours import Allocation, Hours

_BETWEEN = re.compile(rb"\}\s*,\s*\{")
"""What stands between two steps, and hardly anywhere else: whether a piece ends there is seen when it is read."""
_AROUND = 1 << 16
"""Within as many bytes of its begin and end, an answer says what it is."""
_BLOCK = 1 << 20
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
    with multiprocessing.get_context("fork").Pool(len(jobs)) as pool:
        parts = pool.map(_read_part, jobs, chunksize=1)
    if None in parts:  # a cut was none
        parts = [_read_part((path, *found, period, piece))]
    read = [part for part in parts if part is not None]
    if len(read) < len(parts):
        raise ValueError("its steps cannot be read")
    return read


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


def _cuts(stream: BinaryIO, begin: int, end: int, count: int) -> list[tuple[int, int]]:
    """At most `count` parts of about one size, cut between steps."""
    places = [begin]
    for number in range(1, count):
        target = begin + (end - begin) * number // count
        stream.seek(target)
        piece = _Piece(stream, end - target)
        between = piece.after(0, _BLOCK)
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
