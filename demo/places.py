"""Where the demo keeps its state, which ports it uses, and the environment that says so."""

import os
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from demo import embedded

ROOT = Path(__file__).resolve().parent.parent


DEMO = "demo"


def environment_name() -> str:
    """Which environment this is: the demo, or the one that ENVIRONMENT names for `make run`.

    Raises SystemExit for one that has no file of settings.
    """
    name = os.environ.get("ENVIRONMENT") or DEMO
    if name not in ENVIRONMENTS:
        sys.exit(f"There is no environment {name}. Name one: {', '.join(ENVIRONMENTS)}.")
    return name


def state_directory() -> Path:
    """Where its state lives: var/demo in the clone, var/ and its name, or DEMO_STATE."""
    return Path(os.environ.get("DEMO_STATE") or ROOT / "var" / environment_name()).resolve()


ENVIRONMENTS = ("demo", "sandbox", "demonstrator", "opentest", "integration", "live")
PORTS = ("POSTGRES", "REDIS", "SSP", "SERVICES", "CONTROL", "SUPERVISOR")


@dataclass(frozen=True)
class Places:
    """One run of the demo: its state, its ports. All but the web's are free ones."""

    state: Path
    web_port: int
    ports: dict[str, int] = field(
        default_factory=lambda: dict(zip(PORTS, embedded.free_ports(len(PORTS)), strict=True))
    )
    supervisor_password: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def certificates(self) -> Path:
        return self.state / "certificates"

    @property
    def address(self) -> str:
        return f"http://localhost:{self.web_port}/"

    def environment(self) -> dict[str, str]:
        """Everything that the processes read, on top of what we were started with."""
        return self._machine() | (self._sandbox() if environment_name() == DEMO else self._own())

    def _own(self) -> dict[str, str]:
        """Of another environment than the demo: what only this machine knows of it.

        Where its services are and as whom we come is told by whoever starts it.
        """
        given = {
            "SECRET_KEY": self._secret_key(),
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "TRUSTED_PROXIES": "127.0.0.1/32",
            "PRIVATE_NETWORK_HOSTS": "localhost",
            "DATABASE_URL": self._at_localhost("postgres", embedded.database_url, "POSTGRES"),
            "REDIS_URL": self._at_localhost("redis", embedded.redis_url, "REDIS"),
        }
        return {name: os.environ.get(name) or value for name, value in given.items()}

    def _at_localhost(self, data: str, url: Callable[[Path, int], str], port: str) -> str:
        """By a name, as what is in the clear on this machine is allowed by name."""
        return url(self.state / data, self.ports[port]).replace("127.0.0.1", "localhost")

    def _machine(self) -> dict[str, str]:
        ours = Path(sys.executable).parent
        return {
            **os.environ,
            "PATH": f"{ours}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "PYTHONUNBUFFERED": "1",
            "DEMO_ROOT": str(ROOT),
            "DEMO_STATE": str(self.state),
            **{f"{name}_PORT": str(port) for name, port in self.ports.items()},
            "SUPERVISOR_PASSWORD": self.supervisor_password,
            "BIND": f"127.0.0.1:{self.web_port}",
            "DJANGO_SETTINGS_MODULE": f"booking_portal.settings.{environment_name()}",
            "DATABASE_URL": os.environ.get("DATABASE_URL")
            or embedded.database_url(self.state / "postgres", self.ports["POSTGRES"]),
            "REDIS_URL": os.environ.get("REDIS_URL")
            or embedded.redis_url(self.state / "redis", self.ports["REDIS"]),
        }

    def _sandbox(self) -> dict[str, str]:
        """The demo's: everything is the sandbox's."""
        made = self.certificates
        services = f"https://localhost:{self.ports['SERVICES']}"
        return {
            "SECRET_KEY": self._secret_key(),
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "GPCONNECT_SSP_URL": f"https://localhost:{self.ports['SSP']}",
            "GPCONNECT_CLIENT_CERT": str(made / "client.pem"),
            "GPCONNECT_CLIENT_KEY": str(made / "client.key"),
            "GPCONNECT_CA_BUNDLE": str(made / "ca.pem"),
            "GPCONNECT_REVOCATIONS": str(made / "revocations.pem"),
            "NHS_API_CA_BUNDLE": str(made / "api-ca.pem"),
            "GPCONNECT_ISSUER": "https://booking-portal.example.nhs.uk",
            "GPCONNECT_DIRECTORY_URL": f"{services}/sds",
            "GPCONNECT_DIRECTORY_API_KEY": "sandbox-sds-key",
            "PDS_URL": f"{services}/personal-demographics/FHIR/R4",
            "PDS_TOKEN_URL": f"{services}/oauth2/token",
            "PDS_CLIENT_ID": "booking-portal",
            "PDS_KEY_ID": "demo-1",
            "PDS_PRIVATE_KEY": str(made / "pds-private.pem"),
        }

    def _secret_key(self) -> str:
        """Made once for each clone, so that sign-ins survive a restart of the demo."""
        file = self.state / "secret-key"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(50))
        return file.read_text()
