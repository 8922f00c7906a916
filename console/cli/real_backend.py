"""The real backend: configuration and wiring, each loaded only when it is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from console.cli.backend import Setup
    from console.cli.command_line import CommandLine
    from console.config.options import Options
    from console.engine.session import Session
    from console.model.finding import Finding
    from console.model.request import Actor
    from console.model.spec import Spec

CLOSE_DEADLINE = 5.0
"""Seconds that closing a session may take before the command ends anyway."""


class RealBackend:
    """The one that a user gets."""

    def load(self, line: CommandLine, environ: Mapping[str, str]) -> Spec:
        """As `Backend.load`. While Compose's own process works, what a session needs is imported: it takes as long."""
        from console.config.start import start  # noqa: PLC0415 - only now it is needed

        with start(options(line), environ) as started:
            from console.config.load import load_spec  # noqa: PLC0415 - that is the point: after the start
            from console.wiring import preload  # noqa: PLC0415

            preload()
            return load_spec(options(line), environ, started)

    @asynccontextmanager
    async def session(self, spec: Spec, actor: Actor, *, read_only: bool) -> AsyncIterator[Session]:
        """As `Backend.session`."""
        from console.wiring import open_session  # noqa: PLC0415 - pulls Docker's SDK in

        session = await open_session(spec, actor, read_only=read_only)
        try:
            yield session
        finally:
            await _close(session)

    @asynccontextmanager
    async def demo(self, line: CommandLine, actor: Actor) -> AsyncIterator[Session]:
        """As `Backend.demo`."""
        from console.wiring import embedded_session  # noqa: PLC0415 - as above

        async with embedded_session(actor, replicas=line.replicas) as session:
            yield session

    async def findings(self, spec: Spec) -> tuple[Finding, ...]:
        """As `Backend.findings`."""
        from console.planning.preflight import preflight  # noqa: PLC0415 - as above
        from console.wiring import gather_facts  # noqa: PLC0415

        return preflight(await gather_facts(spec))

    def setup(self, line: CommandLine, environ: Mapping[str, str]) -> Setup:
        """As `Backend.setup`."""
        from console.cli.backend import Setup  # noqa: PLC0415 - as above
        from console.config import init  # noqa: PLC0415
        from console.wiring import missing_override  # noqa: PLC0415

        stack = init.draft(options(line), environ)
        return Setup(
            spec=stack.spec,
            text=init.text(stack),
            files={**init.generated_parts(stack), **missing_override(stack.spec)},
            env=init.env_file(stack.spec, environ),
        )

    def prepare(self, spec: Spec) -> None:
        """As `Backend.prepare`."""
        from console.wiring import prepare  # noqa: PLC0415 - as above

        prepare(spec)


def options(line: CommandLine) -> Options:
    """The flags that the configuration reads, as typed."""
    from console.config.options import Options  # noqa: PLC0415 - as above

    return Options(
        files=line.files,
        project_name=line.project_name,
        state_dir=line.state_dir,
        smoke_url=line.smoke_url,
        smoke_status=line.smoke_status,
        smoke_attempts=line.smoke_attempts,
        smoke_timeout=line.smoke_timeout,
        smoke_delay=line.smoke_delay,
    )


async def _close(session: Session) -> None:
    """Close within bounds, also while being cancelled; connections that hang end with the process."""
    closing = asyncio.ensure_future(session.close())
    try:
        await asyncio.wait({asyncio.shield(closing)}, timeout=CLOSE_DEADLINE)
    finally:
        if not closing.done():
            closing.cancel()
