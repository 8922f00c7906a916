"""Specs from plain data, without a file and without Docker."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from console.config.block import Block
from console.config.discovery import Discovered
from console.config.document import parse_document
from console.config.given import Problems
from console.config.merged import read_stack
from console.config.options import Options
from console.config.spec_builder import SpecBuilder
from console.model.errors import Problem
from console.model.spec import Spec

DIRECTORY = Path("/srv/shop")


def app(**more: object) -> dict[str, object]:
    return {"image": "shop:1", "networks": {"edge": None}, **more}


def stack(**services: dict[str, object]) -> dict[str, object]:
    proxy = {
        "image": "nginx:1.30",
        "networks": {"edge": None},
        "ports": [{"target": 80, "published": "8080", "host_ip": "127.0.0.1", "protocol": "tcp"}],
    }
    return {"name": "shop", "services": {"app": app(), "proxy": proxy, **services}}


def build(
    block: Mapping[str, object],
    model: dict[str, object] | None = None,
    *,
    options: Options | None = None,
    environ: Mapping[str, str] | None = None,
) -> tuple[Spec | None, tuple[Problem, ...]]:
    """The spec of a block in a stack, and every problem."""
    problems = Problems()
    document = parse_document(json.dumps({"x-rollout": block}, indent=1).encode(), DIRECTORY / "c.yml", "c.yml")
    known = read_stack(stack() if model is None else model)
    found = Discovered(files=(DIRECTORY / "c.yml",), directory=DIRECTORY, state=DIRECTORY / "state")
    spec = SpecBuilder(options or Options(directory=DIRECTORY), environ or {}, problems).build(
        found, known, Block(dict(block), (document,), problems, interpolated=True), tuple(known.services)
    )
    return spec, problems.found()


def spec_of(block: Mapping[str, object], model: dict[str, object] | None = None, **more: object) -> Spec:
    spec, problems = build(block, model, **more)  # type: ignore[arg-type]
    assert not problems
    assert spec is not None
    return spec


def told(block: Mapping[str, object], model: dict[str, object] | None = None, **more: object) -> dict[str, Problem]:
    _, problems = build(block, model, **more)  # type: ignore[arg-type]
    return {problem.where: problem for problem in problems}
