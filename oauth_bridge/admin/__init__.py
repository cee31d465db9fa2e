"""Staff's pages of member sign-in: the client's settings, the look of the pages, who is linked, and portals."""

from oauth_bridge.admin import clients, links, portals, sites

__all__ = ["clients", "links", "portals", "sites"]
