"""Contracts and products by the partner API."""

from typing import Any

from rest_framework.request import Request

from vendor_admin.mirrors.api.mirror_reading import MirrorFilters, MirrorReading, MirrorResource
from vendor_admin.mirrors.models import Contract, ContractMaturity, Currency, Exchange, Product
from vendor_admin.mirrors.queries.lookups import load
from vendor_admin.partner_api.reading.fields import Amount, Flag, Moment, PlatformId, Whole, Word
from vendor_admin.partner_api.reading.filters import WordFilter
from vendor_admin.partner_api.reading.views import organization_id_of


class ContractTold(MirrorResource):
    """A contract, for example ESZ6."""

    name = Word(allow_null=True, help_text="The contract's name.")
    status = Word(allow_null=True, help_text="The platform's status of it.")
    tick_size = Amount(source="provider_tick_size", allow_null=True, help_text="The smallest step of its price.")
    maturity_id = PlatformId(source="contract_maturity_id", allow_null=True, help_text="The platform's maturity of it.")
    product_id = PlatformId(source="maturity.product_id", allow_null=True, help_text="The product.")
    expiration_month = Whole(
        source="maturity.expiration_month", allow_null=True, help_text="The month it expires in, as YYYYMM."
    )
    expires_at = Moment(source="maturity.expiration_date", allow_null=True, help_text="When it expires.")
    is_front = Flag(source="maturity.is_front", allow_null=True, help_text="Whether it is of the front month.")


class ProductTold(MirrorResource):
    """A product, for example ES."""

    name = Word(allow_null=True, help_text="The product's name.")
    description = Word(allow_null=True, help_text="What it is.")
    product_type = Word(allow_null=True, help_text="Futures, Options, …")
    status = Word(allow_null=True, help_text="The platform's status of it.")
    exchange_id = PlatformId(allow_null=True, help_text="The exchange.")
    exchange = Word(source="exchange.name", allow_null=True, help_text="The exchange's name.")
    currency = Word(source="currency.name", allow_null=True, help_text="The currency of its prices.")
    value_per_point = Amount(allow_null=True, help_text="What one point of its price is worth.")
    tick_size = Amount(allow_null=True, help_text="The smallest step of its price.")
    is_micro = Flag(allow_null=True, help_text="Whether it is a micro contract.")


class NameFilters(MirrorFilters):
    """What these lists can be narrowed by."""

    name = WordFilter(field_name="name", help_text="The whole name, as the platform writes it.")


class ReferenceReading(MirrorReading):
    """A list of what can be traded."""

    filterset_class = NameFilters
    tag = "Reference"
    required_scopes = {"GET": ("accounts:read",)}


class Contracts(ReferenceReading):
    """Contracts that the platform has told of: those that your members trade or traded."""

    model = Contract
    serializer_class = ContractTold
    noun = "contract"
    collection = "contracts"

    def join(self, rows: list[Any], *, request: Request) -> None:
        ids = [row.contract_maturity_id for row in rows]
        maturities = load(ContractMaturity, organization_id=organization_id_of(request), ids=ids)
        for row in rows:
            row.maturity = maturities.get(row.contract_maturity_id, row.environment)


class Products(ReferenceReading):
    """Products that the platform has told of."""

    model = Product
    serializer_class = ProductTold
    noun = "product"
    collection = "products"

    def join(self, rows: list[Any], *, request: Request) -> None:
        organization_id = organization_id_of(request)
        exchanges = load(Exchange, organization_id=organization_id, ids=[row.exchange_id for row in rows])
        currencies = load(Currency, organization_id=organization_id, ids=[row.currency_id for row in rows])
        for row in rows:
            row.exchange = exchanges.get(row.exchange_id, row.environment)
            row.currency = currencies.get(row.currency_id, row.environment)
