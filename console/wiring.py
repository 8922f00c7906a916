"""The composition root: the only module that names adapters."""

from __future__ import annotations

from console.engine.session import Session
from console.model.request import Actor
from console.model.spec import Spec


def open_session(spec: Spec, actor: Actor, *, read_only: bool = False) -> Session:
    """A session on a Docker Compose stack."""
    raise NotImplementedError
