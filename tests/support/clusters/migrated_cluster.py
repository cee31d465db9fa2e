"""A migrated cluster that is kept between runs: the tests' servers begin as copies of it.

Migrating an empty database takes seconds. What is kept is good for one state of the product and one day, since
the log has its partitions by date. Whoever comes first makes it, and others wait for it meanwhile.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tests.support.database import ROOT, DatabaseServer, record_owner
from vendor_admin.embedded import EmbeddedPostgres
from vendor_admin.embedded.accounts import home_folder, unprivileged_account

PLACE = ROOT / ".pytest_cache" / "migrated"
PRODUCT = ("vendor_admin", "accounts", "risk", "oauth_bridge")
OTHERS = (
    "manage.py",
    "requirements.lock",
    "tests/support/database.py",
    "tests/support/clusters/migrated_cluster.py",
    "tests/settings.py",
)


def start_migrated(folder: Path, *, durable: bool = False) -> tuple[EmbeddedPostgres, DatabaseServer]:
    """Start a server in this folder that has the product's roles and the migrated template."""
    state = _state()
    with _kept() as place:
        kept = _logins(place, state=state)
        postgres = EmbeddedPostgres(
            folder / "postgres", log_path=folder / "postgres.log", durable=durable, password=kept.get("server", "")
        )
        if kept:
            _copy(place / "data", _data_of(postgres))
            server = DatabaseServer(admin_url=postgres.url(), password=kept["roles"])
        else:
            server = _make(postgres, place, state=state)
    postgres.start()
    record_owner(folder, server=postgres)
    return postgres, server


def _make(postgres: EmbeddedPostgres, place: Path, *, state: str) -> DatabaseServer:
    """Migrate in this new server, stop it and keep a copy of its files."""
    durable, postgres.durable = postgres.durable, False
    server = DatabaseServer(admin_url=postgres.url())
    with postgres:
        record_owner(postgres.folder.parent, server=postgres)
        server.make_template()
    postgres.durable = durable
    shutil.rmtree(place / "data", ignore_errors=True)
    _copy(_data_of(postgres), place / "data")
    logins = {"state": state, "server": postgres.password, "roles": server.password}
    (place / "kept.json").write_text(json.dumps(logins))
    return server


@contextmanager
def _kept() -> Iterator[Path]:
    """The folder of what is kept, while nobody else uses it."""
    PLACE.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (PLACE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield PLACE


def _logins(place: Path, *, state: str) -> dict[str, str]:
    """The passwords of what is kept; empty where it is of another state, and forgotten then."""
    note = place / "kept.json"
    kept: dict[str, str] = json.loads(note.read_text()) if note.exists() else {}
    if kept.get("state") == state:
        return kept
    note.unlink(missing_ok=True)
    return {}


def _state() -> str:
    """What the migrated database depends on, as a digest."""
    digest = hashlib.sha256(datetime.now(UTC).date().isoformat().encode())
    product = (path for name in PRODUCT for path in sorted((ROOT / name).rglob("*.py")))
    for path in (*product, *(ROOT / name for name in OTHERS)):
        digest.update(str(path.relative_to(ROOT)).encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _data_of(postgres: EmbeddedPostgres) -> Path:
    return home_folder(postgres.folder.absolute(), account=unprivileged_account()) / "data"


def _copy(source: Path, target: Path) -> None:
    """Copy a stopped cluster's files, for the account that servers run under."""
    shutil.copytree(source, target)
    if account := unprivileged_account():
        for path in (target, *target.rglob("*")):
            os.chown(path, account.uid, account.gid)
