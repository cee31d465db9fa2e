"""Margin and risk status of an account, written again after its positions or prices moved."""

from vendor_admin.sandbox.risk_rules.account_state import AccountState
from vendor_admin.sandbox.risk_rules.auto_liq import AutoLiqSettings, Initiator, margin_levels
from vendor_admin.sandbox.risk_rules.drawdown import TrailingDrawdown, peak_during_session
from vendor_admin.sandbox.risk_rules.margin import margin_use
from vendor_admin.sandbox.trading.risk import Risk
from vendor_admin.sandbox.world.edits import Edits
from vendor_admin.sandbox.world.state import Record


def write_figures(edits: Edits, risk: Risk, account_id: int) -> None:
    """Write margin snapshot and risk status as they are now, in this order."""
    account = edits.book().get("account", account_id)
    if account is None:
        return
    state = risk.state_of(edits, account)
    write_margin(edits, risk, state)
    write_peak(edits, state, is_told_always=True)


def write_margin(edits: Edits, risk: Risk, state: AccountState) -> None:
    """Write what the positions bind."""
    record = edits.book().get("marginSnapshot", state.account_id)
    if record is None:
        return
    use = margin_use(state, risk.contracts)
    auto_liq, liquidate_only = margin_levels(settings_of(edits, state.account_id), used_margin=use.initial)
    edits.update(
        "marginSnapshot",
        record,
        timestamp=edits.at,
        initialMargin=use.initial,
        maintenanceMargin=use.maintenance,
        autoLiqLevel=auto_liq,
        liqOnlyLevel=liquidate_only,
        totalUsedMargin=use.total,
        positionMargin=use.initial,
        fullInitialMargin=use.initial,
        totalUsedFullMargin=use.total,
    )


def write_peak(edits: Edits, state: AccountState, *, is_told_always: bool = False) -> None:
    """Move the peak that a trailing drawdown is measured from, and the lowest value that there was."""
    record = edits.book().get("accountRiskStatus", state.account_id)
    if record is None:
        return
    settings = edits.book().get("userAccountAutoLiq", state.account_id)
    drawdown = TrailingDrawdown.of(settings.entity) if settings else None
    peak = peak_during_session(drawdown, peak=state.max_net_liq, net_liq=state.net_liq)
    low = min(state.min_net_liq, state.net_liq)
    if is_told_always or (peak, low) != (record.entity.get("maxNetLiq"), record.entity.get("minNetLiq")):
        edits.update("accountRiskStatus", record, maxNetLiq=peak, minNetLiq=low)


def settings_of(edits: Edits, account_id: int) -> list[AutoLiqSettings]:
    """The auto-liquidation settings of an account: the owner's and those of whoever may trade it."""
    found: list[tuple[Record | None, Initiator]] = [
        (edits.book().get("userAccountAutoLiq", account_id), Initiator.ADMIN),
        (edits.book().get("permissionedAccountAutoLiq", account_id), Initiator.CUSTOMER),
    ]
    return [AutoLiqSettings.of(record.entity, initiator) for record, initiator in found if record is not None]
