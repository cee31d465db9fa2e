"""The test run's database server: one cluster, a migrated template, a database per pytest worker.

Without TEST_DATABASE_ADMIN_URL the cluster is an embedded one that lives as long as the run.
"""

import os
import shutil
from dataclasses import asdict
from pathlib import Path

from tests.support.clusters.migrated_cluster import start_migrated
from tests.support.database import MEMORY, TEMPLATE, DatabaseServer, has_room, make_folder, remove_abandoned_folders
from vendor_admin.embedded import EmbeddedPostgres


class RunDatabase:
    """The server of this test run, started when it is first asked for and removed at the end by whoever started it."""

    def __init__(self, described: dict[str, str] | None = None) -> None:
        self._server = DatabaseServer(**described) if described else None
        self._embedded: EmbeddedPostgres | None = None
        self._folder: Path | None = None
        self._has_made_template = False

    @property
    def server(self) -> DatabaseServer:
        if self._server is None:
            given = os.environ.get("TEST_DATABASE_ADMIN_URL")
            self._server = self._make_template(given) if given else self._start()
        return self._server

    def describe(self) -> dict[str, str]:
        """What another process needs to use the same server."""
        return asdict(self.server)

    def stop(self) -> None:
        if self._embedded is not None:
            self._embedded.remove()
        elif self._has_made_template and self._server is not None:
            self._server.drop(TEMPLATE)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _make_template(self, admin_url: str) -> DatabaseServer:
        server = DatabaseServer(admin_url=admin_url)
        server.make_template()
        self._has_made_template = True
        return server

    def _start(self) -> DatabaseServer:
        remove_abandoned_folders()
        self._folder = make_folder(MEMORY if has_room(MEMORY) else None)
        self._embedded, server = start_migrated(self._folder)
        return server
