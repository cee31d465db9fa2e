"""What every table that belongs to one organization has in common."""

from django.db import models

from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import ScopedManager


class OrganizationRow(models.Model):
    """Rows that belong to one organization."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")

    objects = ScopedManager()
    unscoped = models.Manager()

    class Meta:
        abstract = True
        base_manager_name = "unscoped"
