"""The generated Compose override `colors.yml`: the derived twin, and how each color's containers were created.

A color that was created with a pinned image must keep exactly that pin for as long as its containers live: the image
name is part of the config hash that Compose compares, and a plain `docker compose up` recreates what differs.
What is neither part of the hash nor wanted by a plain `up`, `pull` or `build` is set beside the pin: `build` (Compose
refuses to build an image that is named by id), `pull_policy`, and the number of replicas.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from console.adapters.runtime import compose_command
from console.adapters.runtime.container_replica import OVERRIDE_FILE
from console.model.color import Color
from console.model.errors import RuntimeFailedError
from console.model.spec import Spec

try:  # ten times faster, where PyYAML was built with libyaml
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

BUILD_FILE_NAME = "colors.build.yml"
_HEAD = """\
# Written by rollout; it is written again at every deploy, so edits get lost.
# It says how each color's containers were created, so that a plain `docker compose up` recreates nothing.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """How a color's containers were created."""

    image: str = ""
    """Image id, `sha256:...`; empty when the name of the Compose files was used as it stands."""
    replicas: int | None = None
    """Set when it is not what the Compose files say."""


class _Tolerant(SafeLoader):
    """Reads Compose files, whose tags `!reset` and `!override` plain YAML does not know."""


_Tolerant.add_multi_constructor("!", lambda _loader, _suffix, _node: None)


def path(spec: Spec) -> Path:
    """Where the override is."""
    return spec.state / OVERRIDE_FILE


def read(spec: Spec) -> dict[Color, Pin]:
    """The pins of the present override; a missing or unreadable one has none."""
    try:
        text = path(spec).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    return parse(spec, text)


def parse(spec: Spec, text: str) -> dict[Color, Pin]:
    """The pins in an override's text; garbage has none."""
    pins: dict[Color, Pin] = {}
    for document in _documents(text):
        for color, service in spec.services.items():
            entry = _services(document).get(service)
            if isinstance(entry, dict) and entry.get("pull_policy") == "never":
                image, scale = entry.get("image"), entry.get("scale")
                pinned = image if isinstance(image, str) and image.startswith("sha256:") else ""
                pins[color] = Pin(image=pinned, replicas=scale if isinstance(scale, int) else None)
    return pins


def read_shared(spec: Spec) -> dict[str, str]:
    """The image ids of the one-shots that share the app's image, as the present override has them."""
    try:
        text = path(spec).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    known = {one.service for needed in spec.one_shots.values() for one in needed}
    shared: dict[str, str] = {}
    for document in _documents(text):
        for service, entry in _services(document).items():
            image = entry.get("image") if isinstance(entry, dict) else None
            if service in known and isinstance(image, str) and image.startswith("sha256:"):
                shared[str(service)] = image
    return shared


def render(
    spec: Spec, pins: Mapping[Color, Pin], bases: tuple[Path, ...], shared: Mapping[str, str] | None = None
) -> str:
    """The override's text; `bases` are the files that define the service that a derived twin is made from.

    One YAML document per base file, since one service can extend only one file: Compose merges the documents in
    order, exactly as it merges the base files themselves.
    """
    documents: list[str] = []
    twin = spec.services[Color.GREEN] if spec.derived_twin else None
    if twin is not None:
        documents += [_extends(spec, twin, base) for base in bases]
    entries = {spec.services[color]: _entry(spec, color, pins.get(color)) for color in Color}
    entries |= {service: _pinned(image) for service, image in (shared or {}).items()}
    body = "".join(
        f"  {service}:\n" + "".join(f"    {line}\n" for line in lines) for service, lines in entries.items() if lines
    )
    documents.append(f"services:\n{body}" if body else "services: {}\n")
    return _HEAD + "---\n".join(documents)


def write(spec: Spec, pins: Mapping[Color, Pin], shared: Mapping[str, str] | None = None) -> Path:
    """Replace the override atomically.

    Args:
        spec: the stack.
        pins: how each color was created.
        shared: image ids of the one-shots that share the app's image; None keeps what the present override has.

    Raises:
        RuntimeFailedError: it can't be written, or no Compose file defines the service of a derived twin.
    """
    kept = read_shared(spec) if shared is None else shared
    return _replace(path(spec), render(spec, pins, find_bases(spec), kept))


def write_twin(spec: Spec) -> Path:
    """Make sure that the override exists and defines the derived twin, keeping the pins it holds."""
    return write(spec, read(spec))


def write_for_build(spec: Spec) -> Path | None:
    """The override without pins, which a build of the derived twin needs; None when there is no twin."""
    if not spec.derived_twin:
        return None
    return _replace(spec.state / BUILD_FILE_NAME, render(spec, {}, find_bases(spec)))


def plain_image(spec: Spec, color: Color) -> str:
    """The image name that a color's service has without pins; empty when it can't be told.

    A derived twin with a `build` section gets a name of its own: building it would otherwise move the tag of the
    color that serves, and a plain `docker compose up` would recreate that.
    """
    if color in spec.buildable and (not spec.images.get(color) or _is_twin(spec, color)):
        return f"{spec.project}-{spec.services[color]}"
    return spec.images.get(color, "")


def find_bases(spec: Spec) -> tuple[Path, ...]:
    """The Compose files that define the service of the derived twin, in order of precedence, `include`d ones too."""
    if not spec.derived_twin:
        return ()
    found = tuple(dict.fromkeys(base for file in spec.compose_files for base in _defining(file, spec.service, depth=8)))
    if not found:
        names = ", ".join(str(file) for file in spec.compose_files)
        raise RuntimeFailedError(
            f"derive the twin of `{spec.service}`",
            f"no Compose file defines it ({names})",
            now="nothing was changed",
            next_command="docker compose config --services",
        )
    return found


def _is_twin(spec: Spec, color: Color) -> bool:
    return spec.derived_twin and color is Color.GREEN


def _extends(spec: Spec, twin: str, base: Path) -> str:
    # Compose resolves it against the project directory, wherever this override lies.
    inside = base.is_relative_to(spec.directory)
    file = base.relative_to(spec.directory) if inside else base
    quoted = json.dumps(str(file).replace("$", "$$"))
    return f"services:\n  {twin}:\n    extends: {{service: {spec.service}, file: {quoted}}}\n"


def _pinned(image: str) -> list[str]:
    return [f"image: {image}", "build: !reset null", "pull_policy: never"]


def _entry(spec: Spec, color: Color, pin: Pin | None) -> list[str]:
    lines: list[str] = []
    if _is_twin(spec, color):
        # Only the proxy publishes ports, and a fixed name can exist once.
        lines += ["container_name: !reset null", "ports: !reset []", _profiles_line(spec), *_network_lines(spec)]
    if pin is not None and pin.image:
        lines += _pinned(pin.image)
    elif _is_twin(spec, color) and color in spec.buildable:
        lines.append(f"image: {json.dumps(plain_image(spec, color))}")
    if pin is not None:
        if not pin.image:
            lines.append("pull_policy: never")
        if pin.replicas is not None:
            # Compose refuses the two with different values, and either may be in the user's files.
            lines += [f"scale: {pin.replicas}", f"deploy: {{replicas: {pin.replicas}}}"]
    return lines


def _network_lines(spec: Spec) -> list[str]:
    """Take the base's aliases and fixed addresses away: an alias would lead to an idle color too."""
    if not spec.twin_resets:
        return []
    empty = {"aliases": "[]", "link_local_ips": "[]"}
    lines = ["networks:"]
    for network, keys in spec.twin_resets.items():
        resets = ", ".join(f"{key}: !reset {empty.get(key, 'null')}" for key in keys)
        lines.append(f"  {json.dumps(network)}: {{{resets}}}")
    return lines


def _profiles_line(spec: Spec) -> str:
    name = compose_command.profile(spec, Color.GREEN)
    # Profiles of an extended service are added to, and the twin must not come up with its base. `!override` needs
    # Compose 2.24.4, so it is used only where there is something to override.
    tag = "!override " if spec.profiles.get(Color.BLUE) else ""
    return f"profiles: {tag}[{name}]"


def _defining(file: Path, service: str, *, depth: int) -> Iterator[Path]:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        for document in _documents(file.read_text("utf-8")):
            if depth > 0:
                for included in _includes(document):
                    yield from _defining((file.parent / included).resolve(), service, depth=depth - 1)
            if service in _services(document):
                yield file


def _includes(document: dict[object, object]) -> Iterator[str]:
    entries = document.get("include")
    for entry in entries if isinstance(entries, list) else []:
        named = entry.get("path") if isinstance(entry, dict) else entry
        for name in named if isinstance(named, list) else [named]:
            if isinstance(name, str):
                yield name


def _documents(text: str) -> list[dict[object, object]]:
    try:
        return [document for document in yaml.load_all(text, Loader=_Tolerant) if isinstance(document, dict)]
    except yaml.YAMLError:
        return []


def _services(document: dict[object, object]) -> dict[object, object]:
    services = document.get("services")
    return services if isinstance(services, dict) else {}


def _replace(target: Path, text: str) -> Path:
    """Write atomically, group-readable; leave an equal file alone."""
    try:
        if target.is_file() and target.read_text("utf-8") == text:
            return target
        target.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fchmod(stream.fileno(), 0o640)
                os.fsync(stream.fileno())
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except (OSError, UnicodeDecodeError) as error:
        raise RuntimeFailedError(
            f"write {target}", str(error), now="nothing was started or stopped", next_command=f"ls -la {target.parent}"
        ) from error
    return target
