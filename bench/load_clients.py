"""Other clients, each with 50 busy connections: `python load_clients.py NAME URL COUNT`.

It prints CPU seconds and the count of answers.

A program of its own, so that it can run in an environment that has the client installed.
"""

from __future__ import annotations

import asyncio
import io
import resource
import sys

CONNECTIONS = 50


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def with_pycurl(url: str, count: int) -> int:
    import pycurl  # noqa: PLC0415 - whichever is asked for

    multi = pycurl.CurlMulti()
    left, done = count, 0
    for _ in range(CONNECTIONS):
        handle = pycurl.Curl()
        handle.setopt(pycurl.URL, url)
        handle.setopt(pycurl.WRITEDATA, io.BytesIO())
        handle.setopt(pycurl.WRITEFUNCTION, len)
        multi.add_handle(handle)
        left -= 1
    while done < count:
        multi.perform()
        _, good, bad = multi.info_read()
        for handle in [*good, *(entry[0] for entry in bad)]:
            done += 1
            multi.remove_handle(handle)
            if left > 0:
                left -= 1
                multi.add_handle(handle)
        if not good:
            multi.select(1.0)
    return done


async def with_aiohttp(url: str, count: int) -> int:
    import aiohttp  # noqa: PLC0415 - as above

    numbers = iter(range(count))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as session:

        async def one_by_one() -> None:
            for _ in numbers:
                async with session.get(url) as response:
                    await response.read()

        await asyncio.gather(*(one_by_one() for _ in range(CONNECTIONS)))
    return count


async def with_httpx(url: str, count: int) -> int:
    import httpx  # noqa: PLC0415 - as above

    numbers = iter(range(count))
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    async with httpx.AsyncClient(limits=limits) as client:

        async def one_by_one() -> None:
            for _ in numbers:
                await client.get(url)

        await asyncio.gather(*(one_by_one() for _ in range(CONNECTIONS)))
    return count


def main() -> None:
    name, url, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if name == "pycurl":
        with_pycurl(url, 200)
        before = cpu()
        done = with_pycurl(url, count)
    else:
        work = {"aiohttp": with_aiohttp, "httpx": with_httpx}[name]
        asyncio.run(work(url, 200))
        before = cpu()
        done = asyncio.run(work(url, count))
    print(cpu() - before, done)


if __name__ == "__main__":
    main()
