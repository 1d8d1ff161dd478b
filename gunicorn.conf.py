"""Gunicorn, in the demo and in production alike; Gunicorn reads this file by itself."""

import gc
import os
from typing import Any

bind = os.environ.get("BIND", "0.0.0.0:8000")
worker_class = "booking_portal.web_worker.LettingGo"
# A process that died is replaced in no time: everything is imported and compiled before the fork.
preload_app = True
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "16"))
# After so many requests, and up to a fifth more, another process takes its place: whatever it has
# gathered has an end. It takes no more, and ends what it has: see booking_portal.web_worker.
max_requests = int(os.environ.get("WEB_MAX_REQUESTS", "10000"))
max_requests_jitter = max_requests // 5
worker_tmp_dir = "/dev/shm"  # noqa: S108 - heartbeats must not wait for a slow disk
# Longer than the longest exchange with a practice, so that stopping cuts none short.
timeout = 30
graceful_timeout = 20
accesslog = "-"
logger_class = "booking_portal.web_log.WebLog"
control_socket_disable = True
# Believes no header about where a request comes from: booking_portal.trusted_proxies does.
forwarded_allow_ips = ""


def when_ready(server: Any) -> None:
    """Before the first fork: what is imported by now lives as long as the processes do.

    The collector need not look at it again and again, nor make copies of the pages it is in.
    """
    from booking_portal.database_connections import announce

    announce("web", server.cfg.workers * server.cfg.threads)
    gc.collect()
    gc.freeze()
