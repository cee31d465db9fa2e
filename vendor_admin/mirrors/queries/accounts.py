"""Loads summaries of accounts: of a page of them with all that it shows, or of many with what a preview asks."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from django.db.models import QuerySet

from vendor_admin.mirrors.columns import platform_columns
from vendor_admin.mirrors.models import (
    Account,
    AccountRiskStatus,
    CashBalance,
    Currency,
    PlatformUser,
    Position,
    TradingPermission,
    UserAccountAutoLiq,
)
from vendor_admin.mirrors.models.base import Mirror
from vendor_admin.mirrors.queries.account_summary import (
    AccountColumns,
    AccountSummary,
    BalanceColumns,
    RiskStatusColumns,
)
from vendor_admin.mirrors.queries.any_of import among
from vendor_admin.mirrors.queries.lookups import Rows, load, load_plain
from vendor_admin.mirrors.queries.plain_rows import Narrowing, rows_among
from vendor_admin.mirrors.queries.positions import open_positions
from vendor_admin.mirrors.readings import Ask

_POSITIONS_SHOWN = 5_000
Row = TypeVar("Row", CashBalance, Position, TradingPermission)


def summaries_of(
    accounts: Sequence[Account], *, organization_id: int, now: datetime, are_plain: bool = False
) -> list[AccountSummary]:
    """Return the summary of each account with positions, permissions and members, in their order. Seven queries.

    With `are_plain` its parts are rows without models, for what only reads their columns.
    """
    ids = [account.entity_id for account in accounts]
    if not ids:
        return []
    look_up = partial(load_plain if are_plain else load, organization_id=organization_id)
    find = partial(_plain_of_accounts if are_plain else _of_accounts, ids=ids, organization_id=organization_id)
    statuses = look_up(AccountRiskStatus, ids=ids)
    limits = look_up(UserAccountAutoLiq, ids=ids)
    cash: list[CashBalance] = find(CashBalance)
    granted: list[TradingPermission] = find(TradingPermission)
    currencies = look_up(Currency, ids=[row.currency_id for row in cash])
    user_ids = [row.user_id for row in granted] + [account.user_id for account in accounts]
    users = look_up(PlatformUser, ids=user_ids)
    balances_of, permissions_of = _by_account(cash), _by_account(granted)
    positions_of = _by_account(find(Position, narrowed=_shown))
    summaries = []
    for account in accounts:
        key = (account.environment, account.entity_id)
        permissions = permissions_of[key]
        summary = AccountSummary(
            account,
            now,
            balances=balances_of[key],
            risk_status=_of_same_environment(statuses, account),
            auto_liq=_of_same_environment(limits, account),
            open_positions=positions_of[key],
            has_open_positions=bool(positions_of[key]),
            permissions=permissions,
            members=_members_of(account, permissions, users),
        )
        if summary.balance:
            currency = currencies.get(summary.balance.currency_id, account.environment)
            summary.currency = currency.name if currency and currency.name else ""
        parts = (account, summary.risk_status, summary.auto_liq, *balances_of[key], *permissions, *positions_of[key])
        summary.changed_at = max(part.received_at for part in parts if part is not None)
        summaries.append(summary)
    return summaries


def asks_of_accounts(account_ids: Iterable[int | None], *, environment: str = "demo") -> list[Ask]:
    """Return what `known_accounts` depends on, to be read of the platform where mirrors may be old."""
    ids = list(account_ids)
    of_their_own = ("account", "accountRiskStatus", "userAccountAutoLiq")
    return [
        *(Ask(environment, entity_type, ids) for entity_type in of_their_own),
        *(Ask(environment, entity_type, ids, by_master=True) for entity_type in ("cashBalance", "position")),
    ]


def known_accounts(
    account_ids: Iterable[int | None], *, organization_id: int, now: datetime, environment: str = "demo"
) -> dict[int, AccountSummary]:
    """Return summaries of the accounts that are known of these, by id, without permissions and members.

    Five queries, however many. Only what is asked about them is read, and no models are made of it: of ten thousand
    accounts that takes seconds.
    """
    ids = {account_id for account_id in account_ids if account_id is not None}
    own = {"organization_id": organization_id, "environment": environment, "deleted_at__isnull": True}
    by_id, by_account = among("entity_id", ids), among("account_id", ids)
    accounts = Account.objects.filter(by_id, **own).values_list(*AccountColumns._fields)
    cash = CashBalance.objects.filter(by_account, **own).order_by("entity_id").values_list(*BalanceColumns._fields)
    balances: dict[int | None, list[BalanceColumns]] = defaultdict(list)
    for row in cash:
        balances[row[0]].append(BalanceColumns._make(row))
    statuses = AccountRiskStatus.objects.filter(by_id, **own).values_list(*RiskStatusColumns._fields)
    status_of = {row[0]: RiskStatusColumns._make(row) for row in statuses}
    names = [column.name for column in platform_columns(UserAccountAutoLiq)]
    settings = UserAccountAutoLiq.objects.filter(by_id, **own).values_list("entity_id", "extra", *names, named=True)
    settings_of = {row.entity_id: row for row in settings}
    trading = set(open_positions(Position.objects.filter(by_account, **own)).values_list("account_id", flat=True))
    return {
        account.entity_id: AccountSummary(
            account,
            now,
            balances=balances.get(account.entity_id, ()),
            risk_status=status_of.get(account.entity_id),
            auto_liq=settings_of.get(account.entity_id),
            has_open_positions=account.entity_id in trading,
        )
        for account in map(AccountColumns._make, accounts)
    }


def _of_accounts(
    model: type[Mirror], *, ids: Sequence[int], organization_id: int, narrowed: Narrowing | None = None
) -> list[Any]:
    rows = model.objects.filter(among("account_id", ids), organization_id=organization_id)
    return list(narrowed(rows) if narrowed else rows)


def _plain_of_accounts(
    model: type[Mirror], *, ids: Sequence[int], organization_id: int, narrowed: Narrowing | None = None
) -> list[Any]:
    return rows_among(model, "account_id", ids, organization_id=organization_id, narrowed=narrowed)


def _shown(positions: QuerySet[Position]) -> QuerySet[Position]:
    return open_positions(positions)[:_POSITIONS_SHOWN]


def _by_account(rows: Iterable[Row]) -> dict[tuple[str, int | None], list[Row]]:
    found: dict[tuple[str, int | None], list[Row]] = defaultdict(list)
    for row in rows:
        if row.deleted_at is None:
            found[row.environment, row.account_id].append(row)
    return found


def _of_same_environment(rows: Rows, account: Account) -> Any | None:  # Any: rows of any mirror
    row = rows.get(account.entity_id, account.environment)
    return row if row and row.environment == account.environment else None


def _members_of(account: Account, permissions: Sequence[TradingPermission], users: Rows) -> list[PlatformUser]:
    """The users who have or had a permission; the account's owner where nobody has."""
    found = {member.entity_id: member for row in permissions if (member := users.get(row.user_id)) is not None}
    owner = users.get(account.user_id)
    return list(found.values()) or ([owner] if owner is not None else [])
