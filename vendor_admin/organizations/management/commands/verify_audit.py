"""Checks that no sealed row of the audit was changed or removed, and none added with an older time."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from vendor_admin.organizations.audit_chain import Head, Verdict, verify
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy import database_clock

LONGEST_WAIT = timedelta(hours=1)


class Command(BaseCommand):
    help = (
        "Go through the chain of each organization's audit and name the first row that is not what was sealed, or is "
        "over an hour older than rows before it. Ends with an error if there is one, or if a row has waited for over "
        "an hour to be sealed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slugs", nargs="*", metavar="SLUG", help="organizations; all if none is named")
        parser.add_argument(
            "--noted",
            type=_noted,
            action="append",
            default=[],
            metavar="SLUG:ROW:DIGEST",
            help="a head that this command printed earlier, kept elsewhere; may be given for each organization",
        )

    def handle(self, *args: Any, slugs: list[str], noted: list[tuple[str, Head]], **options: Any) -> None:
        heads = dict(noted)
        wanted = Organization.objects.order_by("slug")
        if slugs or heads:
            asked = {*slugs, *heads} if slugs else None
            if missing := {*slugs, *heads} - set(wanted.values_list("slug", flat=True)):
                raise CommandError(f"There is no organization {', '.join(sorted(missing))}.")
            wanted = wanted.filter(slug__in=asked) if asked else wanted
        now = database_clock.now()
        found = {one.slug: self._check(one, heads) for one in wanted}
        faults = []
        if broken := [slug for slug, verdict in found.items() if verdict.broken]:
            faults.append(f"The audit of {', '.join(broken)} is not as it was written.")
        if late := [slug for slug, verdict in found.items() if _waits_too_long(verdict, now)]:
            faults.append(
                f"Rows of {', '.join(late)} have waited for over an hour to be sealed: see that a worker of "
                "maintenance runs."
            )
        if faults:
            raise CommandError(" ".join(faults))

    def _check(self, organization: Organization, heads: dict[str, Head]) -> Verdict:
        found = verify(organization, noted=heads.get(organization.slug))
        if found.broken:
            self.stdout.write(self.style.ERROR(f"{organization.slug}: BROKEN at {found.broken}."))
            return found
        said = "nothing is sealed yet"
        if found.head is not None:
            said = f"whole. Head {organization.slug}:{found.head.position}:{found.head.digest}"
        if found.oldest_not_sealed is not None:
            said += f"; {found.not_sealed:,} not sealed yet, the oldest of {found.oldest_not_sealed:%Y-%m-%d %H:%M} UTC"
        self.stdout.write(f"{organization.slug}: {said}")
        return found


def _waits_too_long(verdict: Verdict, now: datetime) -> bool:
    return verdict.oldest_not_sealed is not None and now - verdict.oldest_not_sealed > LONGEST_WAIT


def _noted(text: str) -> tuple[str, Head]:
    slug, _, rest = text.partition(":")
    position, _, digest = rest.partition(":")
    if not slug or not position.isdecimal() or len(digest) != 64:
        raise ArgumentTypeError("Write SLUG:ROW:DIGEST, as this command prints it.")
    return slug, Head(int(position), digest.lower())
