"""Previews of limits for accounts whose drawdown has a mode that is not known here."""

from typing import Any

from risk.auto_liq.plans import SetAutoLiq
from tests.support.staff_and_rows import NOW, Writer
from vendor_admin.operations.kinds import PlanRequest, Target
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

ACCOUNT = 10_001


def test_a_mode_that_is_not_known_keeps_no_preview_from_being_made(alpha: Organization, write: Writer) -> None:
    own: dict[str, Any] = {"currency_id": 1, "account_id": ACCOUNT}
    write.mirror("account", alpha, ACCOUNT, name="EVAL1", active=True)
    write.mirror("cashBalance", alpha, 1, amount=51_000, **own)
    write.mirror("accountRiskStatus", alpha, ACCOUNT, max_net_liq=50_000)
    write.mirror("userAccountAutoLiq", alpha, ACCOUNT, trailing_max_drawdown=2_000, trailing_max_drawdown_mode="Hourly")
    wanted = {"trailingMaxDrawdown": "2500"}
    with organization_scope(alpha.pk):
        [draft] = SetAutoLiq().drafts(PlanRequest(alpha.pk, [Target("account", ACCOUNT, wanted)], {}, NOW))

    assert draft.new["trailingMaxDrawdown"] == "2500"
    assert "At the end of the day" not in str(draft.warnings)
