"""Accounts by the partner API: balance, floor, room left, whether they may trade and why not."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request

from accounts.trading_accounts.api_figures import AccountBalance, AccountFloor, AccountRoom, AccountTrading, Figures
from accounts.trading_accounts.api_writes import NewAccounts
from vendor_admin.mirrors.api.mirror_reading import MirrorFilters, MirrorReading, MirrorResource
from vendor_admin.mirrors.external_ids import Kind, external_ids_of, having_external_id
from vendor_admin.mirrors.models import Account, TradingPermission
from vendor_admin.mirrors.queries.accounts import summaries_of
from vendor_admin.mirrors.queries.any_of import among
from vendor_admin.mirrors.queries.search import named
from vendor_admin.operations.api.making import ASKED_BY_VERBS
from vendor_admin.partner_api.reading.fields import Amount, Flag, Moment, PlatformId, Whole, Word
from vendor_admin.partner_api.reading.filters import FlagFilter, IdsFilter, WordFilter
from vendor_admin.partner_api.reading.views import organization_id_of
from vendor_admin.tradovate.permission_status import is_in_force


class TradingAccount(MirrorResource):
    """An account with its money, its limits and what they leave."""

    id = PlatformId(source="entity_id", help_text="The platform's id of the account, unique within its environment.")
    external_id = Word(allow_null=True, help_text="Your own reference to the account, unique in your organization.")
    name = Word(allow_null=True, help_text="The account's name at the platform.")
    owner_id = PlatformId(source="user_id", allow_null=True, help_text="The user that the account belongs to.")
    member_ids = serializers.ListField(
        child=PlatformId(), help_text="The members who may trade it, by a permission in force."
    )
    account_type = Word(allow_null=True, help_text="The platform's type of the account.")
    evaluation_size = Amount(allow_null=True, help_text="The size of an evaluation account: the balance it began with.")
    active = Flag(allow_null=True, help_text="Whether the platform has it active.")
    closed = Flag(allow_null=True, help_text="Whether it is closed.")
    archived = Flag(allow_null=True, help_text="Whether it is archived.")
    restricted = Flag(allow_null=True, help_text="Whether the platform restricts it.")
    read_only = Flag(  # type: ignore[assignment]  # a field by the name of what fields have themselves
        source="readonly", allow_null=True, help_text="Whether it may be looked at but not traded."
    )
    trading = AccountTrading(source="figures.trading", help_text="Whether it may be traded, and why not.")
    balance = AccountBalance(
        source="figures.balance", allow_null=True, help_text="The cash; null where the platform has sent none."
    )
    floor = AccountFloor(source="figures.floor", help_text="Where the trailing drawdown closes the account.")
    room_left = AccountRoom(source="figures.room", help_text="What may be lost before the first limit acts.")
    open_positions = Whole(help_text="How many positions are open.")
    risk_category_id = PlatformId(allow_null=True, help_text="The platform's risk category of the account.")
    created_at = Moment(source="timestamp", allow_null=True, help_text="When the platform made it.")
    changed_at = Moment(help_text="When the platform last told something about the account or one of its figures.")


class AccountFilters(MirrorFilters):
    """What the list of accounts can be narrowed by."""

    external_id = WordFilter(method="by_external_id", help_text="Your own reference.")
    name = WordFilter(method="by_name", help_text="The whole name, whatever the case of its letters.")
    member = IdsFilter(method="by_member", help_text="Members who own it or have, or had, a permission for it.")
    active = FlagFilter(field_name="active", help_text="Whether the platform has it active.")

    def by_external_id(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return having_external_id(rows, value, kind=Kind.ACCOUNT, organization_id=self.organization_id)

    def by_name(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return named(rows, value, "name")

    def by_member(self, rows: QuerySet[Any], name: str, value: list[int]) -> QuerySet[Any]:
        own = {"organization_id": self.organization_id, "user_id__in": value}
        permitted = TradingPermission.objects.filter(**own).values_list("account_id", flat=True)
        owned = Account.objects.filter(**own).values_list("entity_id", flat=True)
        return rows.filter(among("entity_id", [*permitted, *owned]))


class TradingAccounts(NewAccounts, MirrorReading):
    """Every account with its cash, its drawdown floor and the room left."""

    model = Account
    serializer_class = TradingAccount
    filterset_class = AccountFilters
    noun = "account"
    collection = "accounts"
    has_ages = True
    tag = "Accounts"
    required_scopes = {"GET": ("accounts:read",), **ASKED_BY_VERBS}

    def join(self, rows: list[Any], *, request: Request) -> None:
        organization_id = organization_id_of(request)
        summaries = summaries_of(rows, organization_id=organization_id, now=timezone.now(), are_plain=True)
        external = external_ids_of([row.entity_id for row in rows], kind=Kind.ACCOUNT, organization_id=organization_id)
        for row, summary in zip(rows, summaries, strict=True):
            row.figures = Figures(summary)
            row.open_positions = len(summary.open_positions)
            row.changed_at = summary.changed_at
            row.external_id = external.get((row.environment, row.entity_id))
            in_force = {
                permission.user_id for permission in summary.permissions or () if is_in_force(permission.status)
            }
            row.member_ids = sorted(user_id for user_id in in_force if user_id is not None)
