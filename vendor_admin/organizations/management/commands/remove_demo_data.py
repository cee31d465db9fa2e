"""Removes every simulated organization with all that was stored for it."""

from argparse import ArgumentParser
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Exists, OuterRef, Q
from psycopg import sql

from vendor_admin.organizations.models import Organization, StaffRole, User

# Tables whose organization_id means one of our organizations: by reference, or because a policy reads it.
TABLES_OF_ORGANIZATIONS = """
    SELECT c.relname
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE a.attname = 'organization_id' AND NOT a.attisdropped AND n.nspname = 'public'
      AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND (c.relrowsecurity OR EXISTS (
          SELECT FROM pg_constraint k
          WHERE k.conrelid = c.oid AND a.attnum = ANY(k.conkey)
            AND k.confrelid = 'organizations_organization'::regclass))
    ORDER BY c.relname
"""


class Command(BaseCommand):
    help = (
        "Remove all demo data: simulated organizations, their connections, mirrors, events and users. Real ones stay."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        # A test organization belongs to its firm, and goes with it alone.
        is_demo = Q(test_of=None) | Q(test_of__is_simulated=True)
        simulated = list(Organization.objects.filter(is_demo, is_simulated=True))
        people = _people_of_the_demo(simulated)
        if not simulated and not people:
            self.stdout.write("There is no demo data.")
            return
        if not settings.DATABASE_OWNER_URL:
            raise CommandError("DATABASE_OWNER_URL is not set: only the owner of the tables may remove all of this.")
        slugs = ", ".join(organization.slug for organization in simulated)
        self.stdout.write(f"Demo data of {slugs or 'no organization'}.")
        self.stdout.write(f"Users who came with it or work for nobody else: {', '.join(map(str, people)) or 'none'}.")
        if not options["yes"]:
            _ask()
        removed = _remove([organization.pk for organization in simulated])
        removed["organizations_user"] = (
            User.objects.filter(pk__in=[user.pk for user in people]).delete()[1].get("organizations.User", 0)
        )
        for table, rows in removed.items():
            self.stdout.write(f"  {rows:>10,} {table}")
        self.stdout.write(self.style.SUCCESS("The demo data is gone."))


def _ask() -> None:
    """Raise CommandError without a yes."""
    try:
        answer = input("Remove all of it for good? Type yes: ")
    except EOFError:
        raise CommandError("Nobody is there to ask. Nothing was removed; --yes does it without asking.") from None
    if answer.strip().lower() != "yes":
        raise CommandError("Nothing was removed.")


def _people_of_the_demo(organizations: list[Organization]) -> list[User]:
    """Users whom seed_demo made, and staff whose every role is in one of these organizations. Whoever also works for
    a real organization stays.
    """
    roles = StaffRole.objects.filter(user=OuterRef("pk"))
    theirs = Q(organization__in=[organization.pk for organization in organizations])
    people = User.objects.filter(~Exists(roles.exclude(theirs)))
    came_with_it = Q(is_simulated=True) | (Q(kind=User.Kind.STAFF) & Exists(roles.filter(theirs)))
    return list(people.filter(came_with_it).order_by("username"))


def _remove(organization_ids: list[int]) -> dict[str, int]:
    """Rows removed by table, all in one transaction of the owner. Looks again that none of them is real."""
    removed: dict[str, int] = {}
    with psycopg.connect(settings.DATABASE_OWNER_URL) as connection:
        found = connection.execute(
            "SELECT count(*) FROM organizations_organization WHERE id = ANY(%s) AND is_simulated", [organization_ids]
        ).fetchone()
        if found != (len(organization_ids),):
            raise CommandError("Not all of these organizations are simulated any more. Nothing was removed.")
        for (table,) in connection.execute(TABLES_OF_ORGANIZATIONS).fetchall():
            statement = sql.SQL("DELETE FROM {} WHERE organization_id = ANY(%s)").format(sql.Identifier(table))
            if rows := connection.execute(statement, [organization_ids]).rowcount:
                removed[table] = rows
        statement = sql.SQL("DELETE FROM organizations_organization WHERE id = ANY(%s)").format()
        removed["organizations_organization"] = connection.execute(statement, [organization_ids]).rowcount
    return removed
