from __future__ import annotations

import asyncio
import os

import pytest

from console.adapters import line_reader
from console.adapters.line_reader import LineReader


async def lines_of(*pieces: bytes) -> list[bytes]:
    read, write = os.pipe()
    lines: list[bytes] = []
    task = asyncio.create_task(LineReader(read).read(lines.append))
    for piece in pieces:
        os.write(write, piece)
        await asyncio.sleep(0.005)
    os.close(write)
    async with asyncio.timeout(5):
        await task
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(read)
    return lines


@pytest.mark.parametrize("pieces", [(b"one\ntwo\n",), (b"o", b"ne\nt", b"wo", b"\n"), (b"one\n", b"two\nno line feed")])
async def test_lines_are_whole_however_they_come(pieces: tuple[bytes, ...]) -> None:
    assert await lines_of(*pieces) == [b"one", b"two"]


async def test_an_error_of_the_taker_ends_the_reading() -> None:
    read, write = os.pipe()
    os.write(write, b"no number\n")
    numbers: list[int] = []
    with pytest.raises(ValueError, match="invalid literal"):
        async with asyncio.timeout(5):
            await LineReader(read).read(lambda line: numbers.append(int(line)))
    os.close(write)


async def test_a_line_beyond_all_measure_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_reader, "_LONGEST_LINE", 100)
    with pytest.raises(ValueError, match="more than 100 bytes"):
        await lines_of(b"x" * 101)


async def test_a_cancelled_reading_leaves_no_descriptor_behind() -> None:
    read, write = os.pipe()
    task = asyncio.create_task(LineReader(read).read(print))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait({task})
    with pytest.raises(BrokenPipeError):
        os.write(write, b"x")
    os.close(write)
