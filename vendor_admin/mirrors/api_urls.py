"""Addresses of the partner API about what can be traded."""

from vendor_admin.mirrors.api.reference import (
    ContractGroups,
    ContractMargins,
    Contracts,
    CurrencyRates,
    ProductMargins,
    Products,
    StrategyTypes,
    TradingSessions,
)
from vendor_admin.partner_api.reading.addresses import addresses_of

urlpatterns = addresses_of(
    Contracts,
    Products,
    ProductMargins,
    ContractMargins,
    TradingSessions,
    ContractGroups,
    CurrencyRates,
    StrategyTypes,
)
