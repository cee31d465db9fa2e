"""Lists of accounts and trading permissions."""

from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from accounts.badges import permission_badge
from vendor_admin.listing.lists import Amount, Badge, Column
from vendor_admin.mirrors.admin.mirror_admin import (
    ACCOUNT_ID,
    ENVIRONMENT,
    ENVIRONMENT_COLUMN,
    ID_COLUMN,
    PLATFORM_ID,
    PRESENCE,
    RECEIVED_COLUMN,
    USER_ID,
    MirrorAdmin,
    account_column,
    account_url,
    field_column,
    member_column,
    member_url,
    yes_or_no,
)
from vendor_admin.mirrors.models import Account, TradingPermission
from vendor_admin.mirrors.queries.account_summary import AccountSummary
from vendor_admin.mirrors.queries.accounts import summaries_of


def _lock(row: Any) -> Badge:
    lock = row.state.lock
    return Badge(lock.summary, lock.tone)


def _members(row: Any) -> str | None:
    state: AccountSummary = row.state
    names = [str(member) for member in state.members[:2]]
    more = f" +{len(state.members) - 2}" if len(state.members) > 2 else ""
    return ", ".join(names) + more if names else None


def _first_member_url(row: Any) -> str | None:
    return member_url(row.state.members[0].entity_id) if row.state.members else None


def _room(row: Any) -> object:
    room = row.state.room
    if room.amount is None:
        return "unknown" if room.is_set else None
    return Amount(room.amount, is_exact=room.is_exact)


def _amount(value: Decimal | None) -> Amount | None:
    return None if value is None else Amount(value)


@admin.register(Account)
class AccountAdmin(MirrorAdmin):
    """Accounts with their money, lock and room left."""

    columns = (
        Column(
            "Account",
            lambda row: row.name or row.entity_id,
            link=lambda row: account_url(row.entity_id, row.environment),
        ),
        ID_COLUMN,
        Column("Member", _members, link=_first_member_url),
        Column("State", _lock),
        Column("Balance", lambda row: _amount(row.state.amount), hint="Cash, in the account's currency."),
        Column(
            "Drawdown floor",
            lambda row: _amount(row.state.floor.amount),
            hint="Where the trailing drawdown closes the account.",
        ),
        Column(
            "Loss room left",
            _room,
            hint="What may be lost before the first limit acts: drawdown, daily or weekly loss. ≈ where open positions "
            "are not in it.",
        ),
        Column("Positions", lambda row: len(row.state.open_positions), hint="Open positions."),
        ENVIRONMENT_COLUMN,
        Column(
            "Last change",
            lambda row: row.state.changed_at,
            is_age=True,
            hint="When the platform last told something about the account or one of these figures.",
        ),
    )
    filters = (
        ENVIRONMENT,
        USER_ID,
        PLATFORM_ID,
        yes_or_no("active", "Active"),
        yes_or_no("restricted", "Restricted"),
        yes_or_no("archived", "Archived"),
        PRESENCE,
    )
    intro = "Every account with its cash, its drawdown floor and the room left. The account's page says why."
    empty = "No accounts yet. They appear when a connection is live; the overview shows the sockets."

    def join(self, rows: list[Any], *, organization_id: int) -> None:
        states = summaries_of(rows, organization_id=organization_id, now=timezone.now())
        for row, state in zip(rows, states, strict=True):
            row.state = state

    def url_of(self, row: Account) -> str:
        return account_url(row.entity_id, row.environment) or ""

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if "fields" not in request.GET:
            row = self.find_object(request, object_id)
            return HttpResponseRedirect(account_url(row.entity_id, row.environment) or "")
        return super().change_view(request, object_id, form_url, extra_context)


@admin.register(TradingPermission)
class TradingPermissionAdmin(MirrorAdmin):
    """Who may trade which account."""

    heading = "Permissions"
    columns = (
        Column("Permission", lambda row: row.entity_id, is_identifier=True),
        member_column(),
        account_column(),
        Column("Status", permission_badge),
        field_column("cta_contact", "Trader"),
        field_column("cta_email", "Trader's e-mail"),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )
    filters = (ENVIRONMENT, USER_ID, ACCOUNT_ID, PRESENCE, PLATFORM_ID)
    empty = "No trading permissions yet."
