"""What the acting keys ask of the engine, and the command line that does the same. Pure."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.model.plan import Action
from console.model.request import Request
from console.model.spec import LoadSpec

if TYPE_CHECKING:
    from console.tui.board import Board

PROTECTED = frozenset({Action.DEPLOY, Action.CUTOVER})
"""What a protected stack asks its name for. Never a rollback: an incident does not wait for typing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """A fault that can be rehearsed on the embedded stack."""

    key: str
    text: str
    detail: str
    image: str = ""
    """What is deployed; empty for the next good release."""
    breaks_proxy: bool = False
    """Whether the proxy is given a configuration that it must refuse."""


REHEARSALS = (
    Rehearsal(key="1", image="app@error-500", text="it answers 500 at once", detail="the smoke test stops it"),
    Rehearsal(
        key="2", image="app@late-error-500", text="it answers 500 once it serves", detail="the watch rolls it back"
    ),
    Rehearsal(key="3", image="app@slow", text="it is slow", detail="the smoke test waits, then stops it"),
    Rehearsal(key="4", image="app@never-ready", text="it never gets ready", detail="its deadline stops it: 15 s"),
    Rehearsal(key="5", image="app@late-crash", text="it crashes after the cutover", detail="the watch rolls it back"),
    Rehearsal(key="6", breaks_proxy=True, text="the proxy refuses its configuration", detail="no traffic moves"),
)


def request_for(key: str, board: Board, *, release: int | None = None) -> Request:
    """What a key asks for; load that runs already measures the rollout."""
    load = board.sample.load
    action = Action(key)
    judged = action in {Action.DEPLOY, Action.CUTOVER, Action.ROLLBACK} and load.on and load.rate
    measured = LoadSpec(url=load.url, rate=load.rate) if judged else None
    return Request(action=action, to_release=release, load=measured)


def command_for(request: Request) -> str:
    """The words that do the same on a command line, without the flags that name the stack."""
    words = ["rollout", request.action.value]
    if request.image:
        words += ["--image", request.image]
    if request.to_release is not None:
        words += ["--to", f"{request.to_release}"]
    if request.color is not None:
        words.append(request.color.value)
    if request.load is not None:
        words += ["--load", f"{request.load.rate:g}"]
    return shlex.join(words)
