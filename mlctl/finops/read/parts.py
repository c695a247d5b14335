"""Cuts a CSV file at line ends that stand outside quotes, so that several processes can read it."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import BinaryIO

_BLOCK = 1 << 22


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes `begin` to before `end` of a file, after `line` lines."""

    begin: int
    end: int
    line: int

    def lines(self, path: Path) -> Iterator[str]:
        """The lines with their ends, as the csv module wants them."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        rest = ""
        left = self.end - self.begin
        with path.open("rb") as stream:
            stream.seek(self.begin)
            while left:
                block = stream.read(min(_BLOCK, left))
                if not block:
                    break
                left -= len(block)
                text = rest + decoder.decode(block)
                cut = text.rfind("\n") + 1
                rest = text[cut:]
                yield from StringIO(text[:cut], newline="\n")
        rest += decoder.decode(b"", final=True)
        if rest:
            yield rest


def split(path: Path, count: int) -> list[Part]:
    """At most `count` parts of about one size, without the header. A field may hold line ends: quotes are counted."""
    size = path.stat().st_size
    parts: list[Part] = []
    begin, line, quotes = 0, 0, 0
    with path.open("rb") as stream:
        header = stream.readline()
        while header and quotes_of(header) % 2 and (more := stream.readline()):
            header += more
        begin, line = len(header), header.count(b"\n")
        for number in range(1, count):
            target = max(size * number // count, begin)
            quotes, lines = _count(stream, target)
            while tail := stream.readline():
                quotes += quotes_of(tail)
                lines += tail.count(b"\n")
                if quotes % 2 == 0:
                    break
            cut = stream.tell()
            if cut >= size:
                break
            parts.append(Part(begin, cut, line))
            begin, line = cut, line + lines
        parts.append(Part(begin, size, line))
    return parts


def quotes_of(text: bytes) -> int:
    return text.count(b'"')


def _count(stream: BinaryIO, target: int) -> tuple[int, int]:
    """Quotes and line ends from where the stream stands to `target`."""
    quotes = lines = 0
    while block := stream.read(min(_BLOCK, max(0, target - stream.tell()))):
        quotes += quotes_of(block)
        lines += block.count(b"\n")
    return quotes, lines
