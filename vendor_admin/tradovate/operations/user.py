"""Operations on users. For now only the one that feeds the mirrors."""

from vendor_admin.tradovate.catalogue.operation import Operation

SYNC_REQUEST = Operation(path="user/syncrequest", method="POST", hourly_limit=300)
"""Over the socket only, and once per socket (partner.tradovate.com, web-sockets/user-syncrequest)."""
