"""What a step writes is kept whole, and shown in lines of bounded length."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from mlctl.workflow.process.streams import KeptStream


def kept(data: bytes, file: Path) -> list[str]:
    """Writes `data` into a kept stream; the lines that were shown."""
    shown: list[str] = []

    async def run() -> None:
        stream = KeptStream("stdout", file, lambda _, line: shown.append(line))
        writing = asyncio.to_thread(write, stream)
        await asyncio.gather(writing, stream.ended)

    def write(stream: KeptStream) -> None:
        with os.fdopen(stream.write_end, "wb") as pipe:
            stream.write_end = -1
            pipe.write(data)

    asyncio.run(run())
    return shown


def test_lines(tmp_path: Path) -> None:
    file = tmp_path / "log"
    assert kept(b"one\ntwo\nhalf \xff", file) == ["one", "two", "half \ufffd"]
    assert file.read_bytes() == b"one\ntwo\nhalf \xff"


def test_a_line_without_end_is_shown_in_pieces(tmp_path: Path) -> None:
    """Otherwise each piece that is read would be added to all that came before it."""
    data = b"x" * 3_000_000
    file = tmp_path / "log"
    shown = kept(data, file)
    assert "".join(shown).encode() == data
    assert max(map(len, shown)) < 400_000
    assert file.stat().st_size == len(data)
