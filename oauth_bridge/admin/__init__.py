"""Staff's pages of member sign-in: the client's settings, the look of the pages, and who is linked."""

from oauth_bridge.admin import clients, links, sites

__all__ = ["clients", "links", "sites"]
