"""The nginx parts of `rollout init`: the include with its fallback, the location, the control listener, the seed."""

from __future__ import annotations

from console.config.durations import format_duration
from console.model.color import Color
from console.model.spec import Spec

SEED_COLOR = Color.BLUE
"""Who serves before the first rollout."""

CONTROL_CONF = """\
# The control listener: how the console sees what this proxy really serves.
# Its port is published on 127.0.0.1 only: through it any address on the proxy's networks can be asked.

# After a retry nginx lists every attempt; the last one answered.
map $upstream_addr $rollout_served {
    default "";
    "~(?<rollout_last_address>[0-9a-f.:\\[\\]]+:[0-9]+)$" $rollout_last_address;
}
map $upstream_status $rollout_upstream_status {
    default "";
    "~(?<rollout_last_status>[0-9]+)$" $rollout_last_status;
}

server {
    listen @PORT@;
    server_name _;
    access_log off;
    keepalive_timeout 0;

    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    proxy_connect_timeout 3s;

    location = /generation {
        default_type text/plain;
        return 200 "$rollout_generation $rollout_color\\n";
    }

    # The very upstream that users get, and which replica answered.
    location ^~ /served/ {
        limit_except GET { deny all; }
        proxy_hide_header X-Rollout-Served;
        proxy_hide_header X-Rollout-Upstream-Status;
        proxy_hide_header X-Rollout-Upstream-Header-Time;
        proxy_hide_header X-Rollout-Generation;
        proxy_hide_header X-Rollout-Color;
        add_header X-Rollout-Served $rollout_served always;
        add_header X-Rollout-Upstream-Status $rollout_upstream_status always;
        add_header X-Rollout-Upstream-Header-Time $upstream_header_time always;
        add_header X-Rollout-Generation $rollout_generation always;
        add_header X-Rollout-Color $rollout_color always;
        rewrite ^/served(/.*)$ $1 break;
        proxy_pass http://$rollout_upstream;
    }

    # One replica, whatever the upstream says.
    location ~ "^/replica/(?<rollout_replica>[0-9]{1,3}(?:\\.[0-9]{1,3}){3}:[0-9]{1,5})/" {
        limit_except GET { deny all; }
        proxy_next_upstream off;
        rewrite ^/replica/[^/]+(/.*)$ $1 break;
        proxy_pass http://$rollout_replica;
    }

    location / {
        return 404;
    }
}
"""


def seed_upstream(spec: Spec) -> str:
    """The first upstream file: blue, generation 1."""
    server = f"{spec.services[SEED_COLOR]}:{spec.port}"
    return (
        f"# rollout: generation=1 color={SEED_COLOR.value}\n"
        f"upstream rollout {{\n    server {server};\n    keepalive 64;\n}}\n"
        'map "" $rollout_upstream { default rollout; }\n'
        'map "" $rollout_generation { default 1; }\n'
        f'map "" $rollout_color {{ default {SEED_COLOR.value}; }}\n'
    )


def mount_line(spec: Spec) -> str:
    """The entry for `volumes` of the proxy."""
    config = spec.proxy.config
    inside = config.is_relative_to(spec.directory)
    return f"{'./' if inside else ''}{config.relative_to(spec.directory) if inside else config}:{target(spec)}:ro"


def target(spec: Spec) -> str:
    """Where the proxy sees the generated files."""
    return str(spec.proxy.target or "/etc/rollout")


def http_level(spec: Spec) -> str:
    """What belongs into the http block."""
    return (
        "resolver 127.0.0.11 valid=1s ipv6=off;\n"
        "keepalive_min_timeout 2s;   # nginx 1.27.4 or later: a reload loses no kept-alive client\n"
        f'map "" $rollout_upstream   {{ default {spec.services[Color.BLUE]}:{spec.port}; }}\n'
        'map "" $rollout_generation { default 0; }\n'
        'map "" $rollout_color      { default blue; }\n'
        f"include {target(spec)}/*.conf;   # after the maps: a later map of the same variable wins\n"
    )


def location_level() -> str:
    """What belongs into each location that serves users."""
    return (
        "proxy_http_version 1.1;\n"
        'proxy_set_header Connection "";   # for WebSockets keep your own lines of `Upgrade` and `Connection`\n'
        "proxy_set_header Host $http_host;\n"
        "# The path goes on as it came. A location whose proxy_pass took its prefix off needs this line before it:\n"
        "#   rewrite ^/prefix/(.*)$ /$1 break;\n"
        "proxy_pass http://$rollout_upstream;\n"
    )


def whole_configuration(spec: Spec) -> str:
    """An nginx.conf for a stack that had no proxy: what the app took by itself, it takes behind the proxy, too."""
    http = "".join(f"    {line}\n" for line in http_level(spec).splitlines())
    return f"""\
worker_processes auto;
{top_level(spec)}error_log stderr notice;

events {{
    worker_connections 4096;
}}

http {{
    access_log /dev/stdout;
    client_max_body_size 0;   # no limit for uploads but the app's own

{http}    map $http_upgrade $rollout_connection {{ default upgrade; "" ""; }}

    server {{
        listen 80 default_server;

        location / {{
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;   # WebSockets pass, too
            proxy_set_header Connection $rollout_connection;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            add_header X-Rollout-Color $rollout_color always;   # the load's account of who answered
            proxy_read_timeout 120s;   # the longest silence of the app within an answer
            proxy_pass http://$rollout_upstream;
        }}
    }}
}}
"""


def top_level(spec: Spec) -> str:
    """What belongs at the top of nginx.conf."""
    return f"worker_shutdown_timeout {format_duration(spec.drain.deadline + 5)};   # not below the drain deadline\n"


def control_listener(spec: Spec) -> str:
    """The control listener, complete with the maps that it needs."""
    return CONTROL_CONF.replace("@PORT@", str(spec.proxy.control_port))
