"""Lists of what is traded, and of entities that have no page of their own."""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest
from django.urls import reverse

from vendor_admin.amounts import read_id
from vendor_admin.listing.lists import Column, Filter
from vendor_admin.mirrors.admin.mirror_admin import (
    ENVIRONMENT,
    ENVIRONMENT_COLUMN,
    ID_COLUMN,
    PLATFORM_ID,
    RECEIVED_COLUMN,
    ByContractIdAdmin,
    ByProductIdAdmin,
    MirrorAdmin,
    contract_column,
    environment_badge,
    field_column,
    money_column,
    own_time_column,
    product_column,
    time_of_day_column,
)
from vendor_admin.mirrors.models import (
    Contract,
    ContractGroup,
    ContractMargin,
    ContractMaturity,
    Currency,
    CurrencyRate,
    Exchange,
    GenericEntity,
    OrderStrategyType,
    Product,
    ProductMargin,
    ProductSession,
)
from vendor_admin.mirrors.queries.lookups import attach_names, load, load_contracts


@admin.register(Contract)
class ContractAdmin(MirrorAdmin):
    columns = (
        Column("Name", str, hint="With its year where the name comes again."),
        ID_COLUMN,
        product_column(),
        Column("Expires", lambda row: row.expires_at),
        field_column("contract_maturity_id", "Maturity"),
        field_column("status"),
        field_column("provider_tick_size", "Tick"),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )
    filters = (ENVIRONMENT, Filter("name", "Name", kind="word", lookup="name"), PLATFORM_ID)

    def join(self, rows: list[Any], *, organization_id: int) -> None:
        """Their names as people see them, their products, and when they expire."""
        shown = load_contracts(organization_id=organization_id, ids=[row.entity_id for row in rows])
        ids = [row.contract_maturity_id for row in rows]
        maturities = load(ContractMaturity, organization_id=organization_id, ids=ids)
        for row in rows:
            row.shown_name = str(shown.get(row.entity_id, row.environment) or "")
            maturity = maturities.get(row.contract_maturity_id, row.environment)
            row.product_id = maturity.product_id if maturity else None
            row.expires_at = maturity.expiration_date if maturity else None
        attach_names(rows, organization_id=organization_id)


@admin.register(ContractMaturity)
class ContractMaturityAdmin(MirrorAdmin):
    columns = (
        Column("Maturity", lambda row: row.entity_id, is_identifier=True),
        product_column(),
        field_column("expiration_month"),
        field_column("expiration_date"),
        field_column("is_front", "Front"),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )


@admin.register(Product)
class ProductAdmin(MirrorAdmin):
    columns = (
        field_column("name"),
        ID_COLUMN,
        field_column("description"),
        field_column("product_type", "Type"),
        field_column("value_per_point"),
        field_column("tick_size"),
        field_column("status"),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )


@admin.register(Exchange)
class ExchangeAdmin(MirrorAdmin):
    columns = (field_column("name"), ID_COLUMN, field_column("mic_code", "MIC"), ENVIRONMENT_COLUMN, RECEIVED_COLUMN)


@admin.register(Currency)
class CurrencyAdmin(MirrorAdmin):
    columns = (field_column("name"), ID_COLUMN, field_column("symbol"), ENVIRONMENT_COLUMN, RECEIVED_COLUMN)


@admin.register(CurrencyRate)
class CurrencyRateAdmin(MirrorAdmin):
    columns = (
        Column("Currency", lambda row: str(row.currency) if row.currency else row.currency_id),
        field_column("rate", "In US dollars"),
        own_time_column(),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )
    filters = (ENVIRONMENT, Filter("currency", "Currency id", kind="number", lookup="entity_id"))

    def join(self, rows: list[Any], *, organization_id: int) -> None:
        for row in rows:
            row.currency_id = row.entity_id
        attach_names(rows, organization_id=organization_id)


@admin.register(ContractGroup)
class ContractGroupAdmin(MirrorAdmin):
    columns = (field_column("name"), ID_COLUMN, ENVIRONMENT_COLUMN, RECEIVED_COLUMN)


_MARGINS = (
    money_column("initial_margin"),
    money_column("maintenance_margin"),
    own_time_column("Since"),
    ENVIRONMENT_COLUMN,
    RECEIVED_COLUMN,
)


@admin.register(ProductMargin)
class ProductMarginAdmin(ByProductIdAdmin):
    columns = (product_column(), *_MARGINS)
    intro = "What one contract of a product needs as margin, unless a contract has a margin of its own."


@admin.register(ContractMargin)
class ContractMarginAdmin(ByContractIdAdmin):
    columns = (contract_column(), *_MARGINS)
    intro = "Read every hour of contracts that somebody holds or has an order in; of others as they were last."


@admin.register(ProductSession)
class ProductSessionAdmin(ByProductIdAdmin):
    columns = (
        product_column(),
        time_of_day_column("open_time", "Opens"),
        time_of_day_column("start_time", "Trading starts"),
        time_of_day_column("stop_time", "Trading stops"),
        time_of_day_column("close_time", "Closes"),
        time_of_day_column("sunday_open_time", "Opens on Sunday"),
        field_column("all_day"),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )
    intro = "In Central Time. Read every hour of products that are traded; of others as they were last."


@admin.register(OrderStrategyType)
class OrderStrategyTypeAdmin(MirrorAdmin):
    columns = (field_column("name"), ID_COLUMN, field_column("enabled"), ENVIRONMENT_COLUMN, RECEIVED_COLUMN)


@admin.register(GenericEntity)
class GenericEntityAdmin(MirrorAdmin):
    """Ids are unique only within a type, so pages are addressed by the row."""

    key = ("id",)
    columns = (
        Column("Type", lambda row: row.type_name),
        ID_COLUMN,
        Column("Holds", lambda row: ", ".join(list(row.payload)[:8]) if isinstance(row.payload, dict) else ""),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )
    filters = (Filter("type", "Type", kind="word", lookup="type_name"), ENVIRONMENT, PLATFORM_ID)
    intro = "Entities of types that Vendor Admin has no model for, kept as received."

    def url_of(self, row: GenericEntity) -> str:
        return reverse("admin:mirrors_genericentity_change", args=[row.pk])

    def find_object(self, request: HttpRequest, object_id: str) -> Any:
        pk = read_id(object_id)
        row = self.get_queryset(request).filter(pk=pk).first() if pk is not None else None
        if row is None:
            raise Http404
        return row

    def facts(self, request: HttpRequest, row: GenericEntity) -> list[tuple[str, object, str | None]]:
        payload = row.payload if isinstance(row.payload, dict) else {"payload": row.payload}
        facts: list[tuple[str, object, str | None]] = [("Environment", environment_badge(row), None)]
        facts += [(name, str(value), None) for name, value in payload.items()]
        return [*facts, ("Received", row.received_at, None)]
