"""A server that tests administer, with a migrated template, and the folders that servers of a test run have.

The product's own commands make roles and tables in the template; other databases are copies of it, so that a used one
is replaced within 0.1 s.
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from vendor_admin.embedded import EmbeddedPostgres, EmbeddedValkey
from vendor_admin.embedded.programs import identify, still_runs, stop_leftover

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = "test_vendor_admin_template"
ROLES = {"owner": "test_vendor_admin_owner", "app": "test_vendor_admin_app", "hub": "test_vendor_admin_hub"}
FOLDER_PREFIX = "vendor-admin-tests-"
# A copy of the template is over a thousand small files: where memory can hold them, it takes a fifth of the time.
MEMORY = Path("/dev/shm")
ROOM_IN_MEMORY = 4 * 2**30
DROP = "DROP DATABASE IF EXISTS {} WITH (FORCE)"


@dataclass(frozen=True, kw_only=True)
class DatabaseServer:
    """A PostgreSQL server that we may administer; `password` is that of all three roles."""

    admin_url: str
    password: str = field(default_factory=lambda: secrets.token_urlsafe(18))

    def urls(self, database: str) -> dict[str, str]:
        """Addresses of one database for `app`, `owner` and `hub`, and for the `admin`, whom no policy binds."""
        return {
            "admin": self._url(database, login=None),
            **{role: self._url(database, login=f"{name}:{quote(self.password)}") for role, name in ROLES.items()},
        }

    def make_template(self) -> None:
        """Make roles and the migrated template by the product's own commands."""
        self.drop(TEMPLATE)
        environment = product_environment(self.urls(TEMPLATE))
        for command in (["ensure_roles"], ["migrate", "--no-input", "--verbosity", "0"]):
            done = subprocess.run(
                [sys.executable, "manage.py", *command],
                cwd=ROOT,
                env=environment | {"DATABASE_ADMIN_URL": self.admin_url},
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode != 0:
                pytest.exit(f"`manage.py {command[0]}` failed:\n{done.stdout}{done.stderr}", returncode=3)

    def create(self, database: str) -> dict[str, str]:
        """Make (or make again) a database as a copy of the template; returns its addresses."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(sql.SQL(DROP).format(sql.Identifier(database)))
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY {}").format(
                    sql.Identifier(database),
                    sql.Identifier(TEMPLATE),
                    sql.Identifier(ROLES["owner"]),
                    sql.Identifier(copy_strategy(connection)),
                )
            )
            # A copy does not take over the rights on the database itself, which `ensure_roles` gave the template.
            connection.execute(sql.SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
        return self.urls(database)

    def drop(self, database: str) -> None:
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(sql.SQL(DROP).format(sql.Identifier(database)))

    def _url(self, database: str, *, login: str | None) -> str:
        parts = urlsplit(self.admin_url)
        place = parts.netloc if login is None else f"{login}@{parts.netloc.rpartition('@')[2]}"
        return urlunsplit((parts.scheme, place, f"/{database}", parts.query, ""))


def copy_strategy(connection: psycopg.Connection) -> str:
    """How this server copies a database sooner: by files, unless it must then wait for its disk."""
    row = connection.execute("SHOW fsync").fetchone()
    return "file_copy" if row == ("off",) else "wal_log"


def product_environment(urls: dict[str, str]) -> dict[str, str]:
    """A complete environment for a child of the product on this database; nothing of the caller's settings leaks in."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    return kept | {
        "DJANGO_SETTINGS_MODULE": "vendor_admin.settings",
        "DEBUG": "1",
        "SECRET_KEY": os.environ["SECRET_KEY"],
        "CREDENTIAL_KEYS": os.environ["CREDENTIAL_KEYS"],
        "SYNCZ_TOKEN": "syncz-token-of-the-tests",
        "STATE_FOLDER": "",
        "DATABASE_URL": urls["app"],
        "DATABASE_OWNER_URL": urls["owner"],
        "DATABASE_HUB_URL": urls["hub"],
        "PYTHONUNBUFFERED": "1",
    }


def make_folder(parent: Path | None = None) -> Path:
    """A folder for servers of this run. Not closed to traversal: as root, PostgreSQL runs as another account."""
    folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX, dir=parent))
    folder.chmod(0o711)
    return folder


def has_room(place: Path) -> bool:
    """Whether a test run's databases fit into a file system that may be small, or missing."""
    return os.access(place, os.W_OK | os.X_OK) and shutil.disk_usage(place).free >= ROOM_IN_MEMORY


def record_owner(folder: Path, *, server: EmbeddedPostgres | EmbeddedValkey) -> None:
    """Note who uses the folder and which server runs there, for `remove_abandoned_folders` of a later run."""
    running = server.running
    notes = {"owner": identify(os.getpid()), "server": running.identity if running else None}
    (folder / "owner.json").write_text(json.dumps(notes))


def remove_abandoned_folders() -> None:
    """Stop servers and remove folders of test runs that were killed before they could do it."""
    places = (Path(tempfile.gettempdir()), MEMORY)
    for note in (note for place in places for note in place.glob(f"{FOLDER_PREFIX}*/owner.json")):
        try:
            notes = json.loads(note.read_text())
            if notes["owner"] is None or still_runs(notes["owner"]):
                continue
            if notes["server"] is not None:
                stop_leftover(notes["server"], stop_signal=signal.SIGQUIT, grace_seconds=10)
            shutil.rmtree(note.parent)
        except (OSError, ValueError, KeyError):
            continue  # another user's, or another run is removing it now


def refuse_privileged_login(connection: psycopg.Connection) -> None:
    """End the run if this login passes by row level security: then the tests would prove nothing about it."""
    row = connection.execute(
        """
        SELECT r.rolname, r.rolsuper, r.rolbypassrls,
               (SELECT count(*) FROM pg_class c WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p'))
        FROM pg_roles r WHERE r.rolname = current_user
        """
    ).fetchone()
    assert row is not None
    name, superuser, bypasses, owned = row
    if superuser or bypasses or owned:
        pytest.exit(
            f"The tests would run as {name}, who passes by row level security "
            f"(superuser: {superuser}, BYPASSRLS: {bypasses}, tables owned: {owned}).",
            returncode=3,
        )
