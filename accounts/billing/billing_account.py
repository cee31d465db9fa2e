"""Who pays for subscriptions: the organization's LIVE billing account, whose name ends in _DATA."""

from collections.abc import Iterable
from decimal import Decimal

from django.db.models import DecimalField, Q, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from accounts.billing.renewal_warnings import warning_for_adding
from vendor_admin.errors import Fault, InvalidFields
from vendor_admin.mirrors.models import Account, CashBalance
from vendor_admin.operations.kinds import PlanRequest, RowDraft, plain
from vendor_admin.operations.models import PlanRow
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.tradovate.enums import Environment

LIVE = Environment.LIVE.value
BILLING_SUFFIX = "_DATA"
NO_ACCOUNT = (
    "No billing account is known: none of the LIVE accounts has a name that ends in _DATA. The page “Billing account” "
    "says what to do."
)
SEVERAL_ACCOUNTS = "Several LIVE accounts have a name that ends in _DATA ({}): set the one that pays."


def billing_accounts(organization: Organization) -> list[Account]:
    """The account that pays, where it is set or only one can be meant; several if a person has to choose. One query."""
    own = Account.objects.filter(organization_id=organization.pk, environment=LIVE, deleted_at__isnull=True)
    if organization.billing_account_id is not None:
        return list(own.filter(entity_id=organization.billing_account_id))
    return list(own.filter(name__endswith=BILLING_SUFFIX).order_by("name"))


def set_billing_account(
    *, organization: Organization, account_id: int | None, actor: Actor, reason: str = "", request_id: str = ""
) -> Organization:
    """Say which LIVE account pays from now on; None goes back to the one whose name ends in _DATA.

    Must run inside the organization's scope. Raises InvalidFields where there is no such LIVE account.
    """
    own = Account.objects.filter(organization_id=organization.pk, environment=LIVE, deleted_at__isnull=True)
    if account_id is not None and not own.filter(entity_id=account_id).exists():
        text = f"The LIVE host has no account {account_id} of this organization."
        raise InvalidFields([Fault("account", "not_found", text)])
    old, organization.billing_account_id = organization.billing_account_id, account_id
    organization.save(update_fields=["billing_account_id"])
    audit.record(
        organization=organization,
        actor=actor,
        action="billing account set",
        subject=str(organization),
        old={"account": old},
        new={"account": account_id},
        reason=reason,
        request_id=request_id,
    )
    return organization


class Charges:
    """Charges the rows of one preview, and warns where the account's money may not last. Three queries."""

    def __init__(self, request: PlanRequest, *, account_ids: Iterable[int | None]) -> None:
        organization = Organization.objects.get(pk=request.organization_id)
        self._default = billing_accounts(organization)
        self._is_set = organization.billing_account_id
        named = {one for one in account_ids if one is not None}
        own = Account.objects.filter(organization_id=request.organization_id, environment=LIVE, deleted_at__isnull=True)
        self._accounts = {one.entity_id: one for one in [*own.filter(entity_id__in=named), *self._default]}
        self._left = self._balances(request.organization_id)
        for account_id, spent in self._spent_before(request.after_rows_of):
            if account_id in self._left:
                self._left[account_id] -= spent or Decimal(0)
        self._month_end = warning_for_adding(request.now)

    def charge(self, draft: RowDraft, *, price: Decimal | None, account_id: int | None) -> None:
        """Put the paying account and the price into a row, or say why it cannot be paid. None: it is not known."""
        amount = price or Decimal(0)
        account = self._accounts.get(account_id) if account_id is not None else self._only_default()
        if account is None and (price is None or amount > 0 or account_id is not None):
            draft.why_skipped = self._why_none(account_id)
            return
        draft.new = {**draft.new, "planPrice": plain(price)}
        draft.cost = price
        if self._month_end:
            draft.warnings.append(self._month_end)
        if account is not None:
            draft.new = {**draft.new, "accountId": account.entity_id}
            self._take(draft, account, amount)

    def _take(self, draft: RowDraft, account: Account, amount: Decimal) -> None:
        left = self._left.get(account.entity_id)
        if left is None or amount <= 0:
            return
        self._left[account.entity_id] = left - amount
        if left < amount:
            draft.warnings.append(f"{account} may not have enough money left for it: the platform then refuses.")

    def _only_default(self) -> Account | None:
        return self._default[0] if len(self._default) == 1 else None

    def _why_none(self, account_id: int | None) -> str:
        missing = self._is_set if account_id is None else account_id
        if missing is not None:
            return f"The LIVE host has no account {missing} of this organization to pay from."
        return SEVERAL_ACCOUNTS.format(", ".join(map(str, self._default))) if self._default else NO_ACCOUNT

    def _spent_before(self, plan_id: int | None) -> Iterable[tuple[int, Decimal | None]]:
        """What the rows of a plan that stand before these take, by paying account."""
        if plan_id is None:
            return ()
        rows = PlanRow.objects.filter(plan=plan_id, state=PlanRow.State.PLANNED, new__has_key="accountId").order_by()
        price = Cast(KeyTextTransform("planPrice", "new"), DecimalField())
        return rows.values_list("new__accountId").annotate(spent=Sum(price))

    def _balances(self, organization_id: int) -> dict[int, Decimal]:
        rows = CashBalance.objects.filter(
            Q(archived=False) | Q(archived__isnull=True),
            organization_id=organization_id,
            environment=LIVE,
            account_id__in=list(self._accounts),
            deleted_at__isnull=True,
        )
        return {row.account_id: row.amount for row in rows.order_by("entity_id") if row.amount is not None}
