"""The four listeners in one event loop, and their orderly end."""

import asyncio
import contextlib
import json
import signal
import socket
import ssl
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from sandbox import control, national
from sandbox.ldap import LDAPListener
from sandbox.misbehaviour import OpenProtocol
from sandbox.services import open_services
from sandbox.spine import SpineSecureProxy

_PATIENCE_AT_THE_END = 1  # seconds for connections to close
_KEEP_ALIVE = 75


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to listen (port 0 for a free one), and where state and certificates are."""

    state: Path
    certificates: Path
    host: str
    control_host: str
    ssp_port: int
    services_port: int
    ldap_port: int
    control_port: int
    seed: int


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals to whoever runs several of them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


async def serve(settings: Settings) -> None:
    """Listen until SIGTERM or SIGINT.

    `addresses.json` appears in the state directory once all listeners accept connections.
    """
    addresses = settings.state / "addresses.json"
    addresses.unlink(missing_ok=True)
    services = open_services(settings.state, settings.certificates, settings.seed)
    identities = services.identities
    listeners = {
        "ssp": _bound(settings.host, settings.ssp_port),
        "services": _bound(settings.host, settings.services_port),
        "ldap": _bound(settings.host, settings.ldap_port),
        "control": _bound(settings.control_host, settings.control_port),
    }
    servers = {
        "ssp": _server(
            SpineSecureProxy(services),
            _door(lambda: identities.spine, refuses=services.faults.refuses_connection),
        ),
        "services": _server(national.application(services), _door(lambda: identities.services)),
        "control": _server(control.application(services), None),
    }

    def stop() -> None:
        for server in servers.values():
            server.should_exit = True
            # Nothing but hanging requests outlives one turn of the loop.
            for task in server.server_state.tasks:
                task.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    running = [
        asyncio.create_task(server.serve(sockets=[listeners[name]]))
        for name, server in servers.items()
    ]
    ldap = LDAPListener(services)
    await ldap.start(listeners["ldap"], _door(lambda: identities.directory))
    while not all(server.started for server in servers.values()):
        await asyncio.sleep(0.01)
    _publish(addresses, {name: bound.getsockname()[1] for name, bound in listeners.items()})
    try:
        await asyncio.gather(*running)
    finally:
        addresses.unlink(missing_ok=True)
        ldap.close()
        services.store.close()


def _bound(host: str, port: int) -> socket.socket:
    # asyncio turns Nagle's delay off only for a socket that says that it is TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


def _server(application: Any, tls: ssl.SSLContext | None) -> _Server:
    config = uvicorn.Config(
        application,
        http=OpenProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=_PATIENCE_AT_THE_END,
        ssl_context_factory=None if tls is None else lambda _config, _default: tls,
    )
    return _Server(config)


def _door(
    current: Callable[[], ssl.SSLContext], refuses: Callable[[], bool] = lambda: False
) -> ssl.SSLContext:
    """A listener's settings: those that are current when a connection's handshake begins, if no
    fault `refuses` it: nothing can have been asked then."""

    def begins(connection: ssl.SSLObject, _name: str, _context: ssl.SSLContext) -> int | None:
        if refuses():
            return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
        connection.context = current()
        return None

    door = current()
    door.sni_callback = begins
    return door


def _publish(path: Path, ports: dict[str, int]) -> None:
    services = f"https://localhost:{ports['services']}"
    addresses = {
        "ssp": f"https://localhost:{ports['ssp']}",
        "sds": services + national.SDS_PATH,
        "ldap": f"ldaps://localhost:{ports['ldap']}",
        "pds": services + national.PDS_PATH,
        "pds_token": services + national.TOKEN_PATH,
        "control": f"http://127.0.0.1:{ports['control']}",
    }
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(addresses, indent=2) + "\n", "utf-8")
    temporary.replace(path)
