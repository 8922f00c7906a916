"""From flags, environment and Compose files to a spec.

Precedence: flag, `ROLLOUT_*` variable, `x-rollout`, the Compose keys that mean the same, default. Every problem is told
at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from console.config.block import NAME, Block, merge_blocks
from console.config.compose_command import ComposeRefusedError, interpolated, merged_json
from console.config.discovery import Discovered
from console.config.document import Document, UnreadableError, read_document
from console.config.given import Problems
from console.config.merged import Stack, read_stack
from console.config.options import Options
from console.config.spec_builder import SpecBuilder
from console.config.start import Started, project_name, start
from console.config.static import gather_static
from console.model.errors import ConfigError, Problem
from console.model.facts import StaticFacts
from console.model.spec import Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A stack's configuration, and what its Compose files say beyond it."""

    spec: Spec
    static: StaticFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What the files of a stack hold, before anything is decided."""

    found: Discovered
    documents: tuple[Document, ...]
    stack: Stack | None
    """None when Compose refused the files."""
    block: object
    """The `x-rollout` block over all files; interpolated when there is a stack."""


def load_spec(options: Options, environ: Mapping[str, str], started: Started | None = None) -> Spec:
    """The spec of the stack that the options mean. Runs one `docker compose config`, unless it was started before.

    Raises:
        ConfigError: with every problem at once; nothing was touched.
    """
    return load(options, environ, started).spec


def load(options: Options, environ: Mapping[str, str], started: Started | None = None) -> Loaded:
    """Like `load_spec`, with the static facts for the preflight check from the same model. Raises `ConfigError`."""
    problems = Problems()
    with started or start(options, environ) as begun:
        sources = read_sources(begun, options, environ, problems)
    if sources.documents and sources.block is None and not any(_has_block(one) for one in sources.documents):
        files = ", ".join(document.name for document in sources.documents)
        hint = "`rollout init` prints the block to paste"
        problems.extend([Problem(where=NAME, message=f"there is no such block in {files}", hint=hint)])
    block = Block(sources.block, sources.documents, problems, interpolated=sources.stack is not None)
    spec = SpecBuilder(options, environ, problems).build(sources.found, sources.stack, block, _known(sources))
    if problems.found() or spec is None or sources.stack is None:
        raise ConfigError(problems.found())
    static = gather_static(spec, sources.stack)
    return Loaded(spec=replace(spec, proxy=replace(spec.proxy, target=static.config_target)), static=static)


def load_static(spec: Spec, environ: Mapping[str, str]) -> StaticFacts:
    """The static facts of a stack whose spec is known. Runs one `docker compose config`. Raises `ConfigError`."""
    try:
        model = merged_json(spec.compose_files, spec.directory, spec.project, environ)
    except ComposeRefusedError as error:
        raise ConfigError(error.problems) from error
    return gather_static(spec, read_stack(model))


def read_sources(started: Started, options: Options, environ: Mapping[str, str], problems: Problems) -> Sources:
    """Read the files, and take what Compose made of them; what fails becomes a problem."""
    found = started.found
    problems.extend(found.problems)
    documents: list[Document] = []
    unreadable = False
    for file in found.files:
        try:
            documents.append(read_document(file, found.shown(file)))
        except UnreadableError as error:
            problems.extend([error.problem])
            unreadable = True
    blocks = [document.value(NAME) for document in documents if _has_block(document)]
    block: object = blocks[0] if len(blocks) == 1 else merge_blocks(blocks) if blocks else None
    stack: Stack | None = None
    # Of files that are beyond the bounds here, nothing of Compose's is waited for.
    if started.merging is not None and not unreadable:
        try:
            stack = read_stack(started.merging.model())
            block = stack.block
            if len(blocks) > 1:
                # Compose lets the last file's block replace the others.
                block = interpolated(merge_blocks(blocks), found.directory, project_name(options, environ), environ)
        except ComposeRefusedError as error:
            problems.extend(_placed(problem, tuple(documents)) for problem in error.problems)
            stack = None
    return Sources(found=found, documents=tuple(documents), stack=stack, block=block)


def _has_block(document: Document) -> bool:
    return document.node(NAME) is not None


def _known(sources: Sources) -> tuple[str, ...] | None:
    """The names of all services, as far as they can be known."""
    if sources.stack is not None:
        return tuple(sources.stack.services)
    names = tuple(dict.fromkeys(name for document in sources.documents for name in document.keys("services")))
    included = any(document.node("include") is not None for document in sources.documents)
    complete = len(sources.documents) == len(sources.found.files) and not included
    return names if names and complete else None


def _placed(problem: Problem, documents: tuple[Document, ...]) -> Problem:
    """A problem of Compose's with the line that it means, when its path is in a file."""
    if problem.place:
        return problem
    keys = problem.where.split(".")
    places = [document.place(*keys) for document in documents if document.node(*keys[:1]) is not None]
    if keys[0] != "services" or not places:
        return problem
    return Problem(where=problem.where, message=problem.message, hint=problem.hint, place=places[-1])
