"""What is traded."""

from django.db import models

from vendor_admin.mirrors.models.base import (
    Mirror,
    Source,
    flag,
    integer,
    moment,
    number,
    platform_id,
    time_of_day,
    word,
)


class Contract(Mirror):
    """A contract, e.g. ESZ6."""

    entity_type = "contract"
    source = Source.SNAPSHOT

    name = word()
    contract_maturity_id = platform_id()
    timestamp = moment()
    status = word()
    provider_tick_size = number()

    shown_name: str = ""
    """Its name as people see it, set by whoever loads contracts with it (queries/lookups.py)."""

    class Meta(Mirror.Meta):
        verbose_name = "contract"
        indexes = [models.Index(fields=["organization", "name", "entity_id"], name="contract_name")]

    def __str__(self) -> str:
        return self.shown_name or self.name or super().__str__()


class ContractMaturity(Mirror):
    """The maturity of contracts."""

    entity_type = "contractMaturity"
    source = Source.SNAPSHOT

    product_id = platform_id()
    expiration_month = integer()
    expiration_date = moment()
    first_intent_date = moment()
    underlying_id = platform_id()
    is_front = flag()
    kalshi_event_id = platform_id()

    class Meta(Mirror.Meta):
        verbose_name = "contract maturity"
        verbose_name_plural = "contract maturities"


class Product(Mirror):
    """A product, e.g. ES."""

    entity_type = "product"
    source = Source.SNAPSHOT

    name = word()
    currency_id = platform_id()
    product_type = word()
    description = word()
    exchange_id = platform_id()
    contract_group_id = platform_id()
    risk_discount_contract_group_id = platform_id()
    status = word()
    months = word()
    is_secured = flag()
    value_per_point = number()
    price_format_type = word()
    price_format = integer()
    tick_size = number()
    post_trade_category_id = platform_id()
    allow_provider_contract_info = flag()
    exchange_channel_id = platform_id()
    has_replay = flag()
    is_micro = flag()
    lookup_weight = number()
    market_data_source = word()

    class Meta(Mirror.Meta):
        verbose_name = "product"
        indexes = [models.Index(fields=["organization", "name", "entity_id"], name="product_name")]

    def __str__(self) -> str:
        return self.name or super().__str__()


class Exchange(Mirror):
    """An exchange."""

    entity_type = "exchange"
    source = Source.SNAPSHOT

    name = word()
    mic_code = word()

    class Meta(Mirror.Meta):
        verbose_name = "exchange"

    def __str__(self) -> str:
        return self.name or super().__str__()


class Currency(Mirror):
    """A currency; its id is the platform's own number, not an ISO code."""

    entity_type = "currency"
    source = Source.SNAPSHOT

    name = word()
    symbol = word()

    class Meta(Mirror.Meta):
        verbose_name = "currency"
        verbose_name_plural = "currencies"

    def __str__(self) -> str:
        return self.name or super().__str__()


class CurrencyRate(Mirror):
    """What one unit of a currency is worth in US dollars; its id is the currency's."""

    entity_type = "currencyRate"
    source = Source.LIST
    absence_means_vanished = True

    timestamp = moment()
    rate = number()

    class Meta(Mirror.Meta):
        verbose_name = "currency rate"


class ContractGroup(Mirror):
    """Products that limits and margins look at together."""

    entity_type = "contractGroup"
    source = Source.SNAPSHOT

    name = word()

    class Meta(Mirror.Meta):
        verbose_name = "contract group"
        indexes = [models.Index(fields=["organization", "name", "entity_id"], name="contractgroup_name")]

    def __str__(self) -> str:
        return self.name or super().__str__()


class ProductMargin(Mirror):
    """The margin for one contract of a product; its id is the product's."""

    entity_type = "productMargin"
    source = Source.LIST
    absence_means_vanished = True

    initial_margin = number()
    maintenance_margin = number()
    timestamp = moment()

    class Meta(Mirror.Meta):
        verbose_name = "product margin"


class ContractMargin(Mirror):
    """The margin for a contract, where it has one of its own; its id is the contract's."""

    entity_type = "contractMargin"
    source = Source.CHOSEN
    master = "contract"

    initial_margin = number()
    maintenance_margin = number()
    timestamp = moment()

    class Meta(Mirror.Meta):
        verbose_name = "contract margin"


class ProductSession(Mirror):
    """When a product trades, in Central Time; its id is the product's."""

    entity_type = "productSession"
    source = Source.CHOSEN
    master = "product"

    open_time = time_of_day()
    start_time = time_of_day()
    stop_time = time_of_day()
    close_time = time_of_day()
    sunday_open_time = time_of_day()
    all_day = flag()

    class Meta(Mirror.Meta):
        verbose_name = "trading session"
