"""Words of the platform that more than one module needs, spelled as they appear on the wire."""

import enum


class Environment(enum.StrEnum):
    """The two hosts of the platform: DEMO owns simulated accounts and risk, LIVE owns users and subscriptions."""

    DEMO = "demo"
    LIVE = "live"


class SessionState(enum.StrEnum):
    """Where one socket stands; it only ever moves forward."""

    OPENING = "opening"
    AUTHORIZING = "authorizing"
    SYNCING = "syncing"
    LIVE = "live"
    CLOSING = "closing"
    CLOSED = "closed"


class EventType(enum.StrEnum):
    """What happened to the entity of a `props` message."""

    CREATED = "Created"
    UPDATED = "Updated"
    DELETED = "Deleted"


class ShutdownReason(enum.StrEnum):
    """Why the platform says it is about to close a socket (`shutdown` message, field `reasonCode`)."""

    MAINTENANCE = "Maintenance"
    CONNECTION_QUOTA_REACHED = "ConnectionQuotaReached"
    IP_QUOTA_REACHED = "IPQuotaReached"


class NotSentKind(enum.StrEnum):
    """Why a request certainly never reached the platform."""

    DNS = "dns"
    REFUSED = "refused"
    TLS = "tls"
    TIMEOUT = "timeout"
