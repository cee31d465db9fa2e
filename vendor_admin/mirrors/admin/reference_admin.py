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
    MirrorAdmin,
    environment_badge,
    field_column,
)
from vendor_admin.mirrors.models import Contract, ContractMaturity, Currency, Exchange, GenericEntity, Product


@admin.register(Contract)
class ContractAdmin(MirrorAdmin):
    columns = (
        field_column("name"),
        ID_COLUMN,
        field_column("contract_maturity_id", "Maturity"),
        field_column("status"),
        field_column("provider_tick_size", "Tick"),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )


@admin.register(ContractMaturity)
class ContractMaturityAdmin(MirrorAdmin):
    columns = (
        Column("Maturity", lambda row: row.entity_id, is_identifier=True),
        Column("Product", lambda row: str(row.product) if row.product else row.product_id),
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
