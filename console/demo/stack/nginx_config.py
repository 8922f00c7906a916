"""The embedded nginx configuration: the shape of the reference stack's, with loopback ports for names. Pure text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_TEMPLATE = """\
# Made for one run of the embedded stack.
daemon off;
worker_processes 2;
pid @pid@;
error_log @error_log@ notice;
worker_shutdown_timeout @shutdown@s;
@user@

events {
    worker_connections @connections@;
}

http {
    access_log off;
    server_tokens off;
    default_type application/octet-stream;

    # A reload closes kept-alive connections that are idle; within this time of its last answer a client keeps its own.
    keepalive_timeout 75s;
    keepalive_min_timeout 1s;
    keepalive_requests 100000;

    # What holds without a generated file: blue. The later declaration of a map wins.
    upstream rollout_default {
@servers@
        keepalive 64;
    }
    map "" $rollout_upstream { default rollout_default; }
    map "" $rollout_generation { default 0; }
    map "" $rollout_color { default blue; }
    include "@include@/*.conf";

    map $http_upgrade $rollout_connection {
        default upgrade;
        "" "";
    }
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header Connection $rollout_connection;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_connect_timeout 3s;
    proxy_read_timeout 120s;
    proxy_next_upstream error timeout;
    proxy_next_upstream_tries 2;
    proxy_next_upstream_timeout 5s;

    server {
        listen 127.0.0.1:@port@ backlog=4096;
        location / {
            proxy_pass http://$rollout_upstream;
        }
    }

    server {
        listen 127.0.0.1:@control_port@;
        keepalive_timeout 0;
        add_header X-Rollout-Served $upstream_addr always;
        add_header X-Rollout-Upstream-Status $upstream_status always;
        add_header X-Rollout-Upstream-Header-Time $upstream_header_time always;
        add_header X-Rollout-Generation $rollout_generation always;
        add_header X-Rollout-Color $rollout_color always;

        location = /generation {
            default_type text/plain;
            return 200 "$rollout_generation $rollout_color\\n";
        }
        location ^~ /served/ {
            rewrite ^/served(/.*)$ $1 break;
            proxy_pass http://$rollout_upstream;
        }
        location ~ "^/replica/(?<rollout_replica>[0-9]{1,3}(?:\\.[0-9]{1,3}){3}:[0-9]{1,5})/" {
            proxy_next_upstream off;
            rewrite ^/replica/[^/]+(/.*)$ $1 break;
            proxy_pass http://$rollout_replica;
        }
        location / {
            return 404;
        }
    }
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NginxConfig:
    """What differs from one embedded stack to the next."""

    directory: Path
    """Where nginx keeps its pid, log and temporary files."""
    include: Path
    """The directory of the generated upstream file."""
    port: int
    control_port: int
    servers: tuple[str, ...]
    """`host:port` of the color that serves without a generated file."""
    shutdown: float
    """Seconds that a retiring worker may finish what it serves; no shorter than the drain deadline."""
    connections: int
    user: str = ""
    """`user group` of the workers, when the master runs as root; they must get at the temporary directory."""

    @property
    def pid_file(self) -> Path:
        """Written by the master at its start."""
        return self.directory / "nginx.pid"

    @property
    def error_log(self) -> Path:
        """Where nginx says why it refuses a reload."""
        return self.directory / "error.log"

    def render(self) -> str:
        """The main configuration file."""
        values = {
            "pid": _quoted(self.pid_file),
            "error_log": _quoted(self.error_log),
            "shutdown": f"{self.shutdown:.0f}",
            "user": f"user {self.user};" if self.user else "",
            "connections": str(self.connections),
            "servers": "\n".join(f"        server {server};" for server in self.servers),
            "include": f"{self.include}",
            "port": str(self.port),
            "control_port": str(self.control_port),
        }
        text = _TEMPLATE
        for name, value in values.items():
            text = text.replace(f"@{name}@", value)
        return text


def _quoted(path: Path) -> str:
    return f'"{path}"'
