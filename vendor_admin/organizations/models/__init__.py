"""Who uses the installation (User, StaffRole), for which company (Organization), and how the platform is reached
(Connection).
"""

from vendor_admin.organizations.models.audit import AccessEntry, AuditEntry
from vendor_admin.organizations.models.connections import (
    ENVIRONMENTS,
    Connection,
    ConnectionManager,
    PlatformHosts,
    PlatformSession,
)
from vendor_admin.organizations.models.incarnations import Incarnation
from vendor_admin.organizations.models.limits import BudgetUse, HostClock, RateLock
from vendor_admin.organizations.models.organizations import Organization, StaffRole
from vendor_admin.organizations.models.people import SecondFactorMemory, User

__all__ = [
    "ENVIRONMENTS",
    "AccessEntry",
    "AuditEntry",
    "BudgetUse",
    "Connection",
    "ConnectionManager",
    "HostClock",
    "Incarnation",
    "Organization",
    "PlatformHosts",
    "PlatformSession",
    "RateLock",
    "SecondFactorMemory",
    "StaffRole",
    "User",
]
