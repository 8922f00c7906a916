"""The last words of a rollout: how it ended; when not well, what was tried, found, is true now, and what is next."""

from __future__ import annotations

from collections.abc import Callable

from console.cli.render.clean import clean
from console.cli.render.durations import duration
from console.cli.render.problem import field_lines
from console.cli.render.story import Story
from console.cli.render.style import Mark, Style
from console.model.request import Outcome, Result

_HEADS = {
    Result.DONE: (Mark.DONE, "done"),
    Result.ROLLED_BACK: (Mark.FAILED, "rolled back"),
    Result.ABORTED: (Mark.FAILED, "aborted: nothing changed for users"),
    Result.NEEDS_HUMAN: (Mark.FAILED, "NEEDS A HUMAN"),
    Result.INTERRUPTED: (Mark.WARNING, "interrupted, ended safely"),
}


def ending(outcome: Outcome, story: Story, style: Style, for_this_stack: Callable[[str], str]) -> str:
    """The end of a rollout, for people; `for_this_stack` adds the flags that make a command pasteable."""
    mark, word = _HEADS[outcome.result]
    if outcome.result is Result.ABORTED and outcome.active is None:
        word = "aborted: no traffic was moved"  # but users may well get nothing: somebody else took it away
    took = f" after {duration(story.finished.seconds)}" if story.finished else ""
    head = style.mark(mark, f"rollout {outcome.rollout} {word}{took}")
    lines = [style.bold(head) if outcome.result is Result.DONE else head]
    for failure in story.failures[:1]:
        lines += field_lines("attempted", failure.attempted or failure.title, style)
        lines += field_lines("found", failure.found, style)
    for failure in story.failures[1:]:
        lines += field_lines("also", f"{failure.attempted or failure.title}: {failure.found}", style)
    now = now_true(outcome)
    for failure in story.failures:  # what stands above need not be told again
        now = now.replace(f"could not {failure.attempted or failure.title}: {failure.found}; ", "")
    lines += field_lines("now", now, style)
    lines += field_lines("next", for_this_stack(_next(outcome)), style, verbatim=True)
    return "\n".join(lines) + "\n"


def now_true(outcome: Outcome) -> str:
    """Who serves, and what the engine has to say about it."""
    serves = f"{outcome.active.value} serves" if outcome.active else "it can't be told who serves"
    message = clean(outcome.message)
    if not message or message == serves:
        return serves
    return message if outcome.active and serves in message else f"{serves}; {message}"


def _next(outcome: Outcome) -> str:
    if outcome.next_command:
        return outcome.next_command
    return "" if outcome.result is Result.DONE else f"rollout receipt {outcome.rollout}"
