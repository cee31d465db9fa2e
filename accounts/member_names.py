"""Which names and e-mail addresses are taken, by the mirror. The platform's own list goes beyond this organization."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Q
from django.db.models.functions import Lower

from vendor_admin.mirrors.models import PlatformUser
from vendor_admin.operations.kinds import RowDraft


@dataclass(slots=True)
class Taken:
    """Who has a name or an address, whatever its case: text in small letters -> user ids."""

    names: dict[str, set[int]] = field(default_factory=dict)
    emails: dict[str, set[int]] = field(default_factory=dict)

    def why_not(self, *, name: str | None = None, email: str | None = None, own_id: int | None = None) -> str:
        """Say that another member has this name or address; empty if none is known to."""
        if name is not None and self.names.get(name.lower(), set()) - {own_id}:
            return f"A member named {name} exists already."
        if email is not None and self.emails.get(email.lower(), set()) - {own_id}:
            return f"Another member has the address {email}."
        return ""


def taken_of(*, names: Iterable[str], emails: Iterable[str], organization_id: int) -> Taken:
    """Which of these names and addresses members have, on either host. One query."""
    lower_names, lower_emails = {one.lower() for one in names}, {one.lower() for one in emails}
    taken = Taken()
    if not lower_names and not lower_emails:
        return taken
    users = (
        PlatformUser.objects.filter(organization_id=organization_id, deleted_at__isnull=True)
        .annotate(lower_name=Lower("name"), lower_email=Lower("email"))
        .filter(Q(lower_name__in=lower_names) | Q(lower_email__in=lower_emails))
    )
    for user_id, name, email in users.values_list("entity_id", "lower_name", "lower_email"):
        taken.names.setdefault(name, set()).add(user_id)
        taken.emails.setdefault(email, set()).add(user_id)
    return taken


def set_apart_twice(drafts: Sequence[RowDraft], name: str, *, called: str) -> None:
    """Skip rows that want what an earlier row of the plan wants: `name` is the field of `new`, whatever its case."""
    seen: set[str] = set()
    for draft in drafts:
        value = str(draft.new.get(name, "")).lower()
        if draft.why_skipped or not value:
            continue
        if value in seen:
            draft.why_skipped = f"An earlier row of this plan has the same {called}."
        seen.add(value)
