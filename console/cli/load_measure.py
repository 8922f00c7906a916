"""One run of `rollout load`: its snapshots as they come, what it came to, and the exit code."""

from __future__ import annotations

import argparse
import asyncio
import signal

from console.cli.exit_codes import ExitCode
from console.cli.load_ending import Ending
from console.cli.load_live import LiveLoad
from console.cli.load_stream import LoadStream
from console.cli.load_vigil import Vigil
from console.cli.output import Output
from console.cli.render.load import partial_text, summary_text
from console.cli.render.style import Style
from console.load.thresholds import Threshold
from console.model.errors import CutOffError, RuntimeFailedError
from console.model.load import EndReason, LoadConfig, Summary
from console.ports.load import LoadRun


async def measure(config: LoadConfig, args: argparse.Namespace, output: Output) -> int:
    """Run it to its end; the exit code. Raises as `console.cli.load.run`."""
    from console.wiring import open_load  # noqa: PLC0415 - pulls the adapters in

    load = open_load(config)
    loop = asyncio.get_running_loop()
    coming = load.snapshots()  # the first one may come together with the news of the start
    ending = Ending(load)
    stream = LoadStream(output, wanted=bool(getattr(args, "json", False)))
    thresholds: list[Threshold] = args.fail_on
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ending.interrupt)
    try:
        started = await load.start()
        plain = bool(getattr(args, "plain", False)) or stream.wanted
        live = LiveLoad(output, started, config, ending, plain=plain)
        vigil = Vigil(load, (live, stream), config)
        keeping = loop.create_task(vigil.keep())
        try:
            async for snapshot in coming:
                stream.snapshot(snapshot)
                if stream.unread and not thresholds and not ending.begun:
                    output.narrate("nobody reads standard output any more: ends the load\n")
                    ending.reader_gone()
                live.show(snapshot, load.sum)
        finally:
            keeping.cancel()
        live.erase()
    finally:
        await load.close()
        await ending.settle()
    tell, style = (
        (output.narrate, Style(output.narration_terminal))
        if stream.wanted
        else (output.data, Style(output.data_terminal))
    )
    if load.summary is not None:
        tell(summary_text(load.summary, config, thresholds, style))
        stream.summary(load.summary)
    elif ending.interrupted:
        tell(partial_text(load.sum.totals, load.counts().problem, style))
    return _end(load, ending, stream, thresholds, vigil.problem)


def _end(load: LoadRun, ending: Ending, stream: LoadStream, thresholds: list[Threshold], problem: str) -> int:
    """The exit code. Raises `RuntimeFailedError` for a run that is no whole one, though nobody here ended it."""
    summary = load.summary
    if summary is None:
        error = _not_whole(problem or load.counts().problem, load)
        if not ending.interrupted:
            raise error
        stream.error(CutOffError(error.attempted, error.found, now=error.now))
        return ExitCode.INTERRUPTED
    if summary.reason is EndReason.STOPPED and not ending.begun:
        raise _not_whole("somebody ended the generator (SIGTERM)", load)
    code = ExitCode.INTERRUPTED if ending.interrupted else _verdict(summary, thresholds)
    stream.verdict(summary, thresholds, code)
    return code


def _not_whole(found: str, load: LoadRun) -> RuntimeFailedError:
    counts = load.counts()
    so_far = f"{counts.dropped:,} of {counts.done:,} requests were dropped up to then; what came after is unknown"
    return RuntimeFailedError("measure to the end", found, now=so_far, next_command="rollout load --help")


def _verdict(summary: Summary, thresholds: list[Threshold]) -> ExitCode:
    """A run that sent nothing, or not what was due, proves nothing: with thresholds it fails as well."""
    if not thresholds:
        return ExitCode.DONE
    failed = not summary.valid or not summary.totals.sent or any(limit.crossed(summary) for limit in thresholds)
    return ExitCode.NEEDS_HUMAN if failed else ExitCode.DONE
