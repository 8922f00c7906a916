"""What may be aimed at without asking: the stack's own published address on this host, and nothing else."""

from __future__ import annotations

from console.load.target import TargetError, parse_url
from console.model.spec import Spec


def published_ports(spec: Spec) -> frozenset[int]:
    """The ports that the stack serves its users on, as its own configuration names them."""
    urls = [spec.smoke.url, *([spec.load.url] if spec.load else [])]
    return frozenset(parse_url(url).port for url in urls)


def check_aim(url: str, own: frozenset[int]) -> None:
    """Raise `TargetError` unless the URL's port is one of the stack's own.

    That the address is one of this host's own is checked by the generator itself, which resolves it.
    """
    port = parse_url(url).port
    if port not in own:
        ours = ", ".join(str(number) for number in sorted(own)) or "none that is known here"
        raise TargetError(
            f"port {port} is not published by this stack (its own: {ours}). "
            "Load on anything else has to be asked for: --allow-remote"
        )
