"""Which names and e-mail addresses are taken, by the mirror. The platform's own list goes beyond this organization."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform

from vendor_admin.mirrors.models import PlatformUser
from vendor_admin.mirrors.queries.folding import FoldedName, fold
from vendor_admin.operations.kinds import RowDraft
from vendor_admin.operations.models import PlanRow
from vendor_admin.operations.skip_reasons import SkipReason


@dataclass(slots=True)
class Taken:
    """Who has one of the names or addresses that were asked about, whatever its case: folded text -> user ids."""

    folded: Mapping[str, str] = field(default_factory=dict)
    names: dict[str, set[int]] = field(default_factory=dict)
    emails: dict[str, set[int]] = field(default_factory=dict)

    def why_not(self, *, name: str | None = None, email: str | None = None, own_id: int | None = None) -> str:
        """Say that another member has this name or address, of those asked about; empty if none is known to."""
        if name is not None and self.names.get(self.folded.get(name, name), set()) - {own_id}:
            return f"A member named {name} exists already."
        if email is not None and self.emails.get(self.folded.get(email, email), set()) - {own_id}:
            return f"Another member has the address {email}."
        return ""


def taken_of(*, names: Iterable[str], emails: Iterable[str], organization_id: int) -> Taken:
    """Which of these names and addresses members have, on either host. Two queries."""
    names, emails = list(names), list(emails)
    taken = Taken(fold([*names, *emails]))
    if not taken.folded:
        return taken
    users = (
        PlatformUser.objects.filter(organization_id=organization_id, deleted_at__isnull=True)
        .annotate(folded_name=FoldedName("name"), folded_email=FoldedName("email"))
        .filter(
            Q(folded_name__in={taken.folded[name] for name in names if name})
            | Q(folded_email__in={taken.folded[email] for email in emails if email})
        )
    )
    for user_id, name, email in users.values_list("entity_id", "folded_name", "folded_email"):
        taken.names.setdefault(name, set()).add(user_id)
        taken.emails.setdefault(email, set()).add(user_id)
    return taken


def set_apart_twice(drafts: Sequence[RowDraft], name: str, *, called: str, after_rows_of: int | None = None) -> None:
    """Skip rows that want what an earlier row of the plan wants: `name` is the field of `new`, whatever its case.

    The rows of `after_rows_of`, a plan's key, stand before them. Two queries at most.
    """
    values = [str(draft.new.get(name) or "") for draft in drafts]
    folded = fold(values)
    seen: set[str] = set()
    if after_rows_of is not None:
        before = PlanRow.objects.filter(plan=after_rows_of, state=PlanRow.State.PLANNED)
        value_of = FoldedName(KeyTextTransform(name, "new"))
        wanted = set(folded.values())
        seen.update(before.annotate(value=value_of).filter(value__in=wanted).values_list("value", flat=True))
    for draft, text in zip(drafts, values, strict=True):
        value = folded.get(text, "")
        if draft.why_skipped or not value:
            continue
        if value in seen:
            draft.why_skipped = SkipReason.TAKEN_TWICE.format(called)
        seen.add(value)
