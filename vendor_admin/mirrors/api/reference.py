"""What can be traded, by the partner API: contracts and products, their margins and hours, groups and rates."""

from typing import Any, ClassVar

from rest_framework.request import Request

from vendor_admin.mirrors.api.mirror_reading import MirrorFilters, MirrorReading, MirrorResource
from vendor_admin.mirrors.models import (
    Contract,
    ContractGroup,
    ContractMargin,
    ContractMaturity,
    Currency,
    CurrencyRate,
    Exchange,
    OrderStrategyType,
    Product,
    ProductMargin,
    ProductSession,
)
from vendor_admin.mirrors.models.base import Mirror
from vendor_admin.mirrors.queries.lookups import load
from vendor_admin.partner_api.reading.fields import Amount, Flag, Moment, PlatformId, TimeOfDay, Whole, Word
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
    is_front = Flag(
        source="maturity.is_front",
        allow_null=True,
        help_text="The platform's flag of the front month: it stays until the month before has expired.",
    )


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


class Margin(MirrorResource):
    """What one contract needs as margin."""

    initial_margin = Amount(allow_null=True, help_text="The margin to open a position.")
    maintenance_margin = Amount(allow_null=True, help_text="The margin to keep it.")
    at = Moment(source="timestamp", allow_null=True, help_text="The platform's own time of it.")


class MarginOfProduct(Margin):
    """What one contract of a product needs as margin; its id is the product's."""

    product_name = Word(source="product.name", allow_null=True, help_text="The product's name, for example ES.")


class MarginOfContract(Margin):
    """The margin of a contract that has one of its own; its id is the contract's."""

    contract_name = Word(source="contract.name", allow_null=True, help_text="The contract's name, for example ESZ6.")


class Session(MirrorResource):
    """When a product trades; its id is the product's."""

    product_name = Word(source="product.name", allow_null=True, help_text="The product's name, for example ES.")
    open_time = TimeOfDay(allow_null=True, help_text="When its market opens, in Central Time.")
    start_time = TimeOfDay(allow_null=True, help_text="When trading starts.")
    stop_time = TimeOfDay(allow_null=True, help_text="When trading stops.")
    close_time = TimeOfDay(allow_null=True, help_text="When its market closes.")
    sunday_open_time = TimeOfDay(allow_null=True, help_text="When its market opens on Sunday, where that differs.")
    all_day = Flag(allow_null=True, help_text="Whether it trades around the clock.")


class Group(MirrorResource):
    """Products that limits and margins look at together."""

    name = Word(allow_null=True, help_text="The group's name.")


class Rate(MirrorResource):
    """What one unit of a currency is worth; its id is the currency's."""

    currency = Word(source="currency.name", allow_null=True, help_text="The currency's name, for example EUR.")
    rate = Amount(allow_null=True, help_text="What one unit is worth in US dollars.")
    at = Moment(source="timestamp", allow_null=True, help_text="The platform's own time of it.")


class StrategyType(MirrorResource):
    """A kind of order strategy."""

    name = Word(allow_null=True, help_text="Its name.")
    enabled = Flag(allow_null=True, help_text="Whether it can be started.")


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


class OfOneThing(ReferenceReading):
    """Rows whose id is that of another thing, which is told by its name."""

    filterset_class = MirrorFilters
    thing: ClassVar[type[Mirror]]
    attribute: ClassVar[str]

    def join(self, rows: list[Any], *, request: Request) -> None:
        found = load(self.thing, organization_id=organization_id_of(request), ids=[row.entity_id for row in rows])
        for row in rows:
            setattr(row, self.attribute, found.get(row.entity_id, row.environment))


class ProductMargins(OfOneThing):
    """What contracts of each product need as margin."""

    model, thing, attribute = ProductMargin, Product, "product"
    serializer_class = MarginOfProduct
    noun = "product margin"
    collection = "product-margins"


class ContractMargins(OfOneThing):
    """Margins of contracts that somebody holds or has an order in, read every hour; of others as they were last."""

    model, thing, attribute = ContractMargin, Contract, "contract"
    serializer_class = MarginOfContract
    noun = "contract margin"
    collection = "contract-margins"


class TradingSessions(OfOneThing):
    """When products trade: of those that are traded, read every hour; of others as they were last."""

    model, thing, attribute = ProductSession, Product, "product"
    serializer_class = Session
    noun = "trading session"
    collection = "trading-sessions"


class CurrencyRates(OfOneThing):
    """What currencies are worth."""

    model, thing, attribute = CurrencyRate, Currency, "currency"
    serializer_class = Rate
    noun = "currency rate"
    collection = "currency-rates"


class ContractGroups(ReferenceReading):
    """Groups of products that limits and margins look at together."""

    model = ContractGroup
    serializer_class = Group
    noun = "contract group"
    collection = "contract-groups"


class StrategyTypes(ReferenceReading):
    """Kinds of order strategies."""

    model = OrderStrategyType
    serializer_class = StrategyType
    filterset_class = MirrorFilters
    noun = "strategy type"
    collection = "strategy-types"
