"""The base of every mirror's admin page: found by platform id, in the order of the platform's ids."""

import json
from collections.abc import Sequence
from datetime import time
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.db import models
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.urls import reverse

from vendor_admin.amounts import read_id
from vendor_admin.listing.admin_base import ReadOnlyAdmin
from vendor_admin.listing.lists import Amount, Badge, Column, Filter, Marked
from vendor_admin.mirrors.columns import json_key
from vendor_admin.mirrors.models.base import Mirror
from vendor_admin.mirrors.queries.lookups import attach_names, preferred_environment
from vendor_admin.organizations.models import ENVIRONMENTS

ENVIRONMENT = Filter("environment", "Environment", choices=ENVIRONMENTS)
ACCOUNT_ID = Filter("account", "Account id", kind="number", lookup="account_id")
USER_ID = Filter("user", "User id", kind="number", lookup="user_id")
PLATFORM_ID = Filter("id", "Platform id", kind="number", lookup="entity_id")
PRESENCE = Filter(
    "deleted",
    "Deleted",
    choices=[("no", "Not deleted"), ("yes", "Deleted at the platform")],
    apply=lambda rows, value: rows.filter(deleted_at__isnull=value == "no"),
)


AHEAD = Badge("ahead of its arrival", "warn")


def yes_or_no(name: str, title: str) -> Filter:
    """A filter on a flag; "no" includes rows where the platform left the flag out."""

    def apply(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(**{name: True}) if value == "yes" else rows.exclude(**{name: True})

    return Filter(name, title, choices=[("yes", "yes"), ("no", "no")], apply=apply)


def object_url(model: type[Mirror], entity_id: int | None, environment: str = "") -> str | None:
    """The address of an entity's page; None without an id. The environment is named where it is not the usual one."""
    if not entity_id:
        return None
    address = reverse(f"admin:mirrors_{model._meta.model_name}_change", args=[entity_id])
    if environment and environment != preferred_environment(model.entity_type):
        address += "?" + urlencode({"environment": environment})
    return address


def environment_badge(row: Any) -> Badge:
    """Demo or live, as a badge."""
    return Badge(row.get_environment_display(), "live" if row.environment == "live" else "demo")


def admin_action_badge(row: Any) -> Badge | None:
    """What an admin, or a limit, decided about an account, in the platform's word."""
    if not row.admin_action:
        return None
    return Badge(row.admin_action, "good" if row.admin_action == "Normal" else "bad")


def field_column(name: str, title: str = "") -> Column:
    """A column that shows a field as it is."""
    return Column(title or name.replace("_", " ").capitalize(), lambda row: getattr(row, name))


def own_time(row: Any) -> object:
    """An entity's own timestamp, marked where it lies after its arrival and so cannot be right."""
    return Marked(row.timestamp, AHEAD) if row.is_ahead else row.timestamp


def own_time_column(title: str = "At") -> Column:
    """A column of the entities' own timestamps."""
    return Column(title, own_time)


def money_column(name: str, title: str = "") -> Column:
    """A column of a sum of money: two decimals, more where the platform sent more."""
    return Column(
        title or name.replace("_", " ").capitalize(),
        lambda row: None if getattr(row, name) is None else Amount(getattr(row, name)),
    )


def account_column() -> Column:
    """The account's name, linked to its page; its id where the name is not known."""
    return Column(
        "Account",
        lambda row: (row.account.name if row.account else None) or row.account_id,
        link=lambda row: account_url(row.account_id, row.environment),
    )


def member_column() -> Column:
    """The member's name, linked to their page; their id where the name is not known."""
    return Column(
        "Member",
        lambda row: (row.member.name if row.member else None) or row.user_id,
        link=lambda row: member_url(row.user_id),
    )


def product_column() -> Column:
    """The product's name; its id where the name is not known."""
    return Column("Product", lambda row: str(row.product) if row.product else row.product_id)


def time_of_day_column(name: str, title: str) -> Column:
    """A column of a time by the exchange's clock."""
    return Column(title, lambda row: time_of_day_text(getattr(row, name)), hint="Central Time.")


def time_of_day_text(value: time | None) -> str | None:
    """A time of day as pages show it: 17:00."""
    return None if value is None else f"{value:%H:%M}"


def contract_column() -> Column:
    """The contract's name, with its year where that is needed; its id where the name is not known."""
    return Column("Contract", lambda row: str(row.contract) if row.contract else row.contract_id)


def account_url(account_id: int | None, environment: str = "demo") -> str | None:
    """The address of the page that ties an account together."""
    if not account_id:
        return None
    return reverse("account", args=[account_id]) + ("?environment=live" if environment == "live" else "")


def member_url(user_id: int | None) -> str | None:
    """The address of the page that ties a member together."""
    return reverse("member", args=[user_id]) if user_id else None


ID_COLUMN = Column("Platform id", lambda row: row.entity_id, is_identifier=True)
ENVIRONMENT_COLUMN = Column("Env.", environment_badge, hint="The platform's environment: DEMO or LIVE.")
RECEIVED_COLUMN = Column(
    "Last change", lambda row: row.received_at, is_age=True, hint="When the platform last told something about it."
)


class MirrorAdmin(ReadOnlyAdmin):
    """A read-only list of one mirror. `order_id` style names are the platform's; addresses carry the platform id."""

    key: ClassVar[Sequence[str]] = ("entity_id", "environment")
    shows_count = True
    filters: ClassVar[Sequence[Filter]] = (ENVIRONMENT, PLATFORM_ID)
    empty = "The platform has not sent any of these yet."

    def join(self, rows: list[Any], *, organization_id: int) -> None:
        attach_names(rows, organization_id=organization_id)

    def url_of(self, row: Any) -> str:
        return object_url(self.model, row.entity_id, row.environment) or ""

    def find_object(self, request: HttpRequest, object_id: str) -> Any:
        entity_id = read_id(object_id)
        if entity_id is None:
            raise Http404
        rows = {row.environment: row for row in self.get_queryset(request).filter(entity_id=entity_id)[:2]}
        wanted = request.GET.get("environment") or preferred_environment(self.model.entity_type)
        row = rows.get(wanted)
        if row is None and "environment" not in request.GET:
            row = next(iter(rows.values()), None)
        if row is None:
            raise Http404
        return row

    def facts(self, request: HttpRequest, row: Any) -> list[tuple[str, object, str | None]]:
        account_id = getattr(row, "account_id", None)
        named = [
            ("Account", getattr(row, "account", None) or account_id, account_url(account_id, row.environment)),
            ("Member", getattr(row, "member", None), member_url(getattr(row, "user_id", None))),
            ("Contract", getattr(row, "contract", None), None),
            ("Product", getattr(row, "product", None), None),
        ]
        facts = [
            (column.title, column.value(row), column.link(row) if column.link else None)
            for column in self.columns
            if not column.is_age  # the time itself is shown below
        ]
        known = {title for title, _, _ in facts}
        facts += [(title, str(value), to) for title, value, to in named if value is not None and title not in known]
        facts += [] if ENVIRONMENT_COLUMN.title in known else [("Environment", environment_badge(row), None)]
        return [*facts, ("Received", row.received_at, None), ("Deleted", row.deleted_at, None)]

    def object_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        query = urlencode({"type": self.model.entity_type, "id": row.entity_id})
        fields = [(json_key(field.attname), _shown(row, field.attname)) for field in platform_fields(self.model)]
        return {
            "events_url": reverse("admin:sync_entityevent_changelist") + "?" + query,
            "platform_type": self.model.entity_type,
            "platform_fields": fields + [(name, _readable(value)) for name, value in (row.extra or {}).items()],
        }


class ByProductIdAdmin(MirrorAdmin):
    """Mirrors whose id is that of their product."""

    filters: ClassVar[Sequence[Filter]] = (
        ENVIRONMENT,
        Filter("product", "Product id", kind="number", lookup="entity_id"),
    )

    def join(self, rows: list[Any], *, organization_id: int) -> None:
        for row in rows:
            row.product_id = row.entity_id
        attach_names(rows, organization_id=organization_id)


class ByContractIdAdmin(MirrorAdmin):
    """Mirrors whose id is that of their contract."""

    filters: ClassVar[Sequence[Filter]] = (
        ENVIRONMENT,
        Filter("contract", "Contract id", kind="number", lookup="entity_id"),
    )

    def join(self, rows: list[Any], *, organization_id: int) -> None:
        for row in rows:
            row.contract_id = row.entity_id
        attach_names(rows, organization_id=organization_id)


class ByAccountIdAdmin(MirrorAdmin):
    """Mirrors whose id is that of their account."""

    filters: ClassVar[Sequence[Filter]] = (
        ENVIRONMENT,
        Filter("account", "Account id", kind="number", lookup="entity_id"),
    )

    def join(self, rows: list[Any], *, organization_id: int) -> None:
        for row in rows:
            row.account_id = row.entity_id
        attach_names(rows, organization_id=organization_id)


def platform_fields(model: type[Mirror]) -> "list[models.Field[Any, Any]]":
    """The fields of a mirror that the platform sends, its id first."""
    own = {field.name for field in Mirror._meta.get_fields()} - {"entity_id"}
    fields = [field for field in model._meta.concrete_fields if field.name not in own]
    return sorted(fields, key=lambda field: field.name != "entity_id")


def _shown(row: Mirror, name: str) -> object:
    value = getattr(row, name)
    if isinstance(value, time):
        return time_of_day_text(value)
    return own_time(row) if name == "timestamp" else value


def _readable(value: object) -> object:
    return value if isinstance(value, str | int | bool) or value is None else json.dumps(value)
