"""The embedded stack: the demo app behind a real nginx, as child processes on loopback."""

from console.demo.stack.stack import EmbeddedStack

__all__ = ["EmbeddedStack"]
