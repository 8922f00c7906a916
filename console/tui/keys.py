"""Every key of the live screen: one table, from which bindings, the line of keys, the help and the palette are made."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a key does."""

    LOOKS = "looks"
    ACTS = "acts"
    """It asks the engine for something; never without saying first what."""
    DEMO = "demo"
    """Only there on the embedded stack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key."""

    id: str
    """Stable name: the action, and what a keymap calls it."""
    key: str
    """As Textual names it; several are separated by commas."""
    shown: str
    """As a person reads it."""
    label: str
    """One word for the line of keys; empty for keys that are only in the help."""
    help: str
    kind: Kind = Kind.LOOKS


KEYS: tuple[Key, ...] = (
    Key(id="deploy", key="D", shown="D", label="deploy", kind=Kind.ACTS, help="start a release and cut over to it"),
    Key(id="cutover", key="C", shown="C", label="cutover", kind=Kind.ACTS, help="move the traffic to the idle color"),
    Key(id="drain", key="X", shown="X", label="drain", kind=Kind.ACTS, help="wait until the idle color serves nothing"),
    Key(id="rollback", key="R", shown="R", label="rollback", kind=Kind.ACTS, help="back to the previous release"),
    Key(id="hold", key="H", shown="H", label="hold", kind=Kind.ACTS, help="hold at the next gate, and let go on"),
    Key(id="abort", key="A", shown="A", label="abort", kind=Kind.ACTS, help="end the rollout safely, where it is"),
    Key(id="load", key="L", shown="L", label="load", kind=Kind.ACTS, help="send load to this stack, or stop it"),
    Key(id="faster", key="plus,equals_sign", shown="+", label="", kind=Kind.ACTS, help="more load"),
    Key(id="slower", key="minus", shown="-", label="", kind=Kind.ACTS, help="less load"),
    Key(id="retire", key="T", shown="T", label="", kind=Kind.ACTS, help="stop the warm standby"),
    Key(id="recover", key="V", shown="V", label="", kind=Kind.ACTS, help="the way on after a rollout that was cut off"),
    Key(id="fault", key="F", shown="F", label="fault", kind=Kind.DEMO, help="deploy a release that fails, to rehearse"),
    Key(id="filter", key="slash", shown="/", label="filter", help="show only events with these words"),
    Key(id="logs", key="l", shown="l", label="logs", help="the output of a replica"),
    Key(id="replicas", key="i", shown="i", label="", help="every replica, in detail"),
    Key(id="history", key="h", shown="h", label="", help="the releases that served; roll back to any"),
    Key(id="receipt", key="e", shown="e", label="", help="the evidence of the last rollout"),
    Key(id="zoom", key="z", shown="z", label="", help="the panel alone, and back"),
    Key(id="freeze", key="p", shown="p", label="", help="freeze the display; everything else goes on"),
    Key(id="copy", key="y", shown="y", label="", help="copy the panel to the clipboard (OSC 52)"),
    Key(id="screenshot", key="S", shown="S", label="", help="save the screen as a picture"),
    Key(id="mouse", key="m", shown="m", label="", help="mouse on or off"),
    Key(id="lock", key="exclamation_mark", shown="!", label="", help="read-only on or off"),
    Key(id="panel(1)", key="1", shown="1-5", label="", help="go to a panel"),
    Key(id="panel(2)", key="2", shown="", label="", help=""),
    Key(id="panel(3)", key="3", shown="", label="", help=""),
    Key(id="panel(4)", key="4", shown="", label="", help=""),
    Key(id="panel(5)", key="5", shown="", label="", help=""),
    Key(id="next", key="tab", shown="Tab", label="", help="the next panel"),
    Key(id="previous", key="shift+tab", shown="", label="", help=""),
    Key(id="palette", key="colon,ctrl+p", shown=":", label="more", help="everything by name"),
    Key(id="help", key="question_mark", shown="?", label="help", help="these keys"),
    Key(id="leave", key="q,ctrl+q,ctrl+c", shown="q", label="", help="leave"),
)


def named(name: str) -> Key:
    """The key of that id."""
    return next(key for key in KEYS if key.id == name)
