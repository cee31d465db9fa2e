"""Databases from before 0.1.0, whose tables were made step by step: no migration leads from them to today's tables."""

from collections.abc import Iterable

# Migrations that every such database has, and that exist no longer.
FORMER_MIGRATIONS = {
    ("organizations", "0002_policies"),
    ("mirrors", "0002_initial"),
    ("sync", "0002_log_partitions_and_functions"),
    ("operations", "0002_policies"),
    ("oauth_bridge", "0002_policies"),
}
APPLIED = "SELECT app, name FROM django_migrations"


def is_older_layout(applied: Iterable[tuple[str, str]]) -> bool:
    """Return whether a database with these migrations (app, name) has tables of an older layout."""
    return not FORMER_MIGRATIONS.isdisjoint(applied)
