"""Whether the demo can go on with the data that earlier runs stored."""

import os
from collections.abc import Mapping

import psycopg

from vendor_admin.schema.older_layouts import APPLIED, is_older_layout


class OlderData(Exception):
    """The data is of an older layout. The text says what to do."""


def refuse_older_data(environment: Mapping[str, str]) -> None:
    """Raise OlderData if the database has tables of an older layout. A new one has none yet."""
    try:
        url = environment.get("DATABASE_OWNER_URL") or environment["DATABASE_URL"]
        with psycopg.connect(url, connect_timeout=10) as connection:
            applied = connection.execute(APPLIED).fetchall()
    except psycopg.Error:
        return
    if not is_older_layout((app, name) for app, name in applied):
        return
    if os.environ.get("DATABASE_URL"):
        raise OlderData("The database that DATABASE_URL names is of an older layout. Give the demo a new one.")
    raise OlderData("This folder's data is of an older layout. `make demo RESET=1` starts fresh, without it.")
