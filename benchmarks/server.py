"""The benchmark's own PostgreSQL: durable as in production, roles and tables made by the product's own commands.

It is set up before Django is loaded, since the product's settings read the addresses from the environment.
"""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Self

import psycopg
from cryptography.fernet import Fernet

from vendor_admin.embedded import EmbeddedPostgres

ROOT = Path(__file__).resolve().parent.parent
DATABASE = "vendor_admin"
ROLES = {"owner": "vendor_admin_owner", "app": "vendor_admin_app", "hub": "vendor_admin_hub"}
# fsync and synchronous_commit stay on. The memory of a small server, and no checkpoint in the middle of a round.
OPTIONS = {
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "random_page_cost": "1.1",
    "effective_cache_size": "4GB",
}


class BenchServer:
    """`with BenchServer() as server:` a migrated database; afterwards nothing of it is left."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="vendor-admin-bench-"))
        self._folder.chmod(0o711)  # as root the server runs as another account, which must pass through
        self._password = secrets.token_urlsafe(18)
        self.postgres = EmbeddedPostgres(
            self._folder / "postgres", log_path=self._folder / "postgres.log", options=OPTIONS
        )

    @property
    def folder(self) -> Path:
        """For files of the run."""
        return self._folder

    @property
    def admin_url(self) -> str:
        """The superuser in the benchmark's database: bound by no policy."""
        return self.postgres.url(database=DATABASE)

    def role_url(self, role: str, *, database: str = DATABASE) -> str:
        """Address for `owner`, `app` or `hub`."""
        return self.postgres.url(user=ROLES[role], password=self._password, database=database)

    def __enter__(self) -> Self:
        try:
            self.postgres.start()
            os.environ.update(self._environment())
            for command in (["ensure_roles"], ["migrate", "--no-input", "--verbosity", "0"]):
                subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._remove()

    def connect(self, *, database: str = DATABASE) -> psycopg.Connection:
        """An autocommitting connection of the superuser."""
        return psycopg.connect(self.postgres.url(database=database), autocommit=True)

    def _remove(self) -> None:
        self.postgres.remove()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _environment(self) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
            "DEBUG": "0",
            "SECURE_SSL_REDIRECT": "0",
            "LOG_LEVEL": "ERROR",
            "SYNCZ_TOKEN": secrets.token_urlsafe(18),
            "SECRET_KEY": secrets.token_urlsafe(48),
            "CREDENTIAL_KEYS": Fernet.generate_key().decode(),
            "BUDGET_WINDOW_SECONDS": "1",
            "DATABASE_ADMIN_URL": self.postgres.url(),
            "DATABASE_OWNER_URL": self.role_url("owner"),
            "DATABASE_URL": self.role_url("app"),
            "DATABASE_HUB_URL": self.role_url("hub"),
        }
