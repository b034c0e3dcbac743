"""nginx as a plain hop in front of the upstream: what a proxy that does nothing costs here. No Django."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.cores import pinned
from tests.running import free_port
from tests.waiting import eventually

NGINX = Path("/usr/sbin/nginx")
STARTS_WITHIN = 10.0
CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/errors warn;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_max_body_size 8m;
  client_body_buffer_size 512k;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream behind {{
    server 127.0.0.1:{upstream};
    keepalive 128;
    keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    location / {{
      proxy_pass http://behind;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffer_size 16k;
      proxy_buffers 16 32k;
      proxy_busy_buffers_size 256k;
    }}
  }}
}}
"""


@contextmanager
def nginx_hop(upstream: int, folder: Path, cores: frozenset[int]) -> Iterator[tuple[str, int] | None]:
    """The URL and the pid of an nginx before 127.0.0.1:`upstream`; None where nginx is not installed."""
    if not NGINX.exists():
        yield None
        return
    folder.mkdir()
    port = free_port()
    file = folder / "nginx.conf"
    file.write_text(CONFIGURATION.format(folder=folder, upstream=upstream, port=port))
    with pinned(cores), (folder / "said").open("wb") as said:
        process = subprocess.Popen([str(NGINX), "-c", str(file), "-e", str(folder / "errors")], stderr=said)
    try:
        eventually(lambda: process.poll() is not None or _listens(folder), within=STARTS_WITHIN, what="nginx runs")
        if process.poll() is not None:
            raise RuntimeError(f"nginx ended at once: {(folder / 'said').read_text()}")
        yield f"http://127.0.0.1:{port}/mcp", process.pid
    finally:
        process.terminate()
        process.wait(STARTS_WITHIN)


def _listens(folder: Path) -> bool:
    return (folder / "pid").exists()
