"""What does not change while a console is open."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from console.model.spec import LoadSpec, Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class StackFacts:
    """One stack, as far as a screen cares."""

    project: str
    service: str
    proxy: str
    """Its kind, for example `nginx`."""
    load: LoadSpec
    """Where load goes when it is asked for: never anywhere but the stack's own address."""
    protected: bool
    keep: float
    """Seconds that a warm standby is kept."""
    replicas: int
    pid: int
    """This process, by which its own lock is told from another's."""
    fixed_read_only: bool = False
    """Whether it was opened with `--read-only`, which no key undoes."""
    demo: bool = False


def facts_of(spec: Spec, *, read_only: bool, demo: bool) -> StackFacts:
    """The facts of a specification."""
    own = LoadSpec(url=urlunsplit((*urlsplit(spec.smoke.url)[:2], "/", "", "")))
    return StackFacts(
        project=spec.project,
        service=spec.service,
        proxy=spec.proxy.kind,
        load=spec.load or own,
        protected=spec.protected,
        keep=spec.standby.keep,
        replicas=spec.replicas,
        pid=os.getpid(),
        fixed_read_only=read_only,
        demo=demo,
    )
