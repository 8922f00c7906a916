"""One run of `rollout load`: its snapshots as they come, what it came to, and the exit code."""

from __future__ import annotations

import argparse
import asyncio
import signal

from console.cli.exit_codes import ExitCode
from console.cli.load_ending import Ending
from console.cli.load_live import LiveLoad
from console.cli.load_vigil import Vigil
from console.cli.output import Output
from console.cli.render.load import partial_text, summary_text
from console.cli.render.style import Style
from console.load.thresholds import Threshold
from console.model.errors import RuntimeFailedError
from console.model.load import EndReason, LoadConfig, Summary
from console.model.load_wire import encode
from console.ports.load import LoadRun

_HELP = "rollout load --help"


async def measure(config: LoadConfig, args: argparse.Namespace, output: Output) -> int:
    """Run it to its end; the exit code. Raises as `console.cli.load.run`."""
    from console.wiring import open_load  # noqa: PLC0415 - pulls the adapters in

    load = open_load(config)
    loop = asyncio.get_running_loop()
    coming = load.snapshots()  # the first one may come together with the news of the start
    ending = Ending(load)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ending.interrupt)
    try:
        started = await load.start()
        json = bool(getattr(args, "json", False))
        plain = bool(getattr(args, "plain", False)) or json
        live = LiveLoad(output, started, config, ending, plain=plain)
        vigil = Vigil(load, live, config)
        keeping = loop.create_task(vigil.keep())
        try:
            async for snapshot in coming:
                if json:
                    output.data(encode(snapshot).decode())
                live.show(snapshot, load.sum)
        finally:
            keeping.cancel()
        live.erase()
    finally:
        await load.close()
        await ending.settle()
    summary = load.summary
    tell, style = (
        (output.narrate, Style(output.narration_terminal)) if json else (output.data, Style(output.data_terminal))
    )
    if summary is None and ending.interrupted:
        tell(partial_text(load.sum.totals, load.counts().problem, style))
        return ExitCode.INTERRUPTED
    if summary is None:
        raise RuntimeFailedError(
            "measure to the end",
            vigil.problem or load.counts().problem,
            now=_so_far(load),
            next_command=_HELP,
        )
    thresholds: list[Threshold] = args.fail_on
    tell(summary_text(summary, config, thresholds, style))
    if json:
        output.data(encode(summary).decode())
    if ending.interrupted:
        return ExitCode.INTERRUPTED
    if summary.reason is EndReason.STOPPED:
        raise RuntimeFailedError(
            "measure to the end", "somebody ended the generator (SIGTERM)", now=_so_far(load), next_command=_HELP
        )
    return _verdict(summary, thresholds)


def _verdict(summary: Summary, thresholds: list[Threshold]) -> int:
    """A run that sent nothing, or not what was due, proves nothing: with thresholds it fails as well."""
    if not thresholds:
        return ExitCode.DONE
    failed = not summary.valid or not summary.totals.sent or any(limit.crossed(summary) for limit in thresholds)
    return ExitCode.NEEDS_HUMAN if failed else ExitCode.DONE


def _so_far(load: LoadRun) -> str:
    counts = load.counts()
    return f"{counts.dropped:,} of {counts.done:,} requests were dropped up to then; what came after is unknown"
