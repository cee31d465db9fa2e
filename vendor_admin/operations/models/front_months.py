"""Which contract of a product the platform puts first, as it answered last (read_jobs/front_months.py)."""

from django.db import models

from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.organization_rows import OrganizationRow


class FrontMonth(OrganizationRow):
    """The platform's answer for one product of DEMO. A cache: it may be thrown away."""

    # The constraint's index begins with it.
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+", db_index=False)
    product_id = models.BigIntegerField()
    contract_name = models.CharField(max_length=64, help_text="Empty where it suggested none of the product's.")
    asked_at = models.DateTimeField()

    class Meta(OrganizationRow.Meta):
        constraints = [
            models.UniqueConstraint(fields=["organization", "product_id"], name="one_front_month_per_product")
        ]

    def __str__(self) -> str:
        return self.contract_name or f"product {self.product_id}"


def front_months(organization_id: int) -> dict[int, str]:
    """The names of the contracts that the platform puts first, by their products' platform ids. One query."""
    known = FrontMonth.objects.filter(organization_id=organization_id).exclude(contract_name="")
    return dict(known.values_list("product_id", "contract_name"))
