"""Preflight: "will this drop requests?", judged from facts alone."""

from console.planning.preflight.judge import preflight
from console.planning.preflight.nginx_dump import parse_nginx

__all__ = ["parse_nginx", "preflight"]
