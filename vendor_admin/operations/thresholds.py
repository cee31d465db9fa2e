"""Above which size a plan needs a second person: changed by who manages notices and thresholds."""

from decimal import Decimal

from vendor_admin.operations.models import ApprovalRule
from vendor_admin.operations.previews import approval_rule
from vendor_admin.organizations import audit
from vendor_admin.organizations.models import Organization


def set_thresholds(
    *,
    organization: Organization,
    accounts_over: int,
    balance_change_over: Decimal,
    actor: str,
    reason: str = "",
    request_id: str = "",
) -> ApprovalRule:
    """Store the thresholds. They hold for plans previewed from now on. Must run inside the organization's scope."""
    rule = approval_rule(organization)
    old = _as_json(rule)
    rule.accounts_over, rule.balance_change_over = accounts_over, balance_change_over
    rule.save()
    audit.record(
        organization=organization,
        actor=actor,
        action="approval thresholds changed",
        subject="plans",
        old=old,
        new=_as_json(rule),
        reason=reason,
        request_id=request_id,
    )
    return rule


def _as_json(rule: ApprovalRule) -> dict[str, str]:
    return {
        "accounts over": f"{rule.accounts_over}",
        "balance change over": f"{rule.balance_change_over:.2f}",
    }
