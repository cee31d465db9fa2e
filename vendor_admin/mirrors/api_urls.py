"""Addresses of the partner API about what can be traded."""

from vendor_admin.mirrors.api.reference import Contracts, Products
from vendor_admin.partner_api.reading.addresses import addresses_of

urlpatterns = addresses_of(Contracts, Products)
