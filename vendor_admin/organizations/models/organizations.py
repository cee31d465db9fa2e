"""For which company the installation works (Organization), and what staff may do there (StaffRole)."""

from django.db import models

from vendor_admin.organizations.models.people import User


class Organization(models.Model):
    """A vendor: one company that runs trading programmes on the platform."""

    slug = models.SlugField(unique=True, help_text="Short name in addresses and commands, e.g. alpha-funding.")
    name = models.CharField(max_length=200)
    is_simulated = models.BooleanField(
        default=False, help_text="Demo data against the sandbox. Removed by `manage.py remove_demo_data`."
    )
    billing_account_id = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="Platform id of the LIVE account that pays for subscriptions. Empty: the one named …_DATA.",
    )
    test_of = models.OneToOneField(
        "self",
        models.CASCADE,
        null=True,
        blank=True,
        editable=False,
        related_name="test_organization",
        help_text="The firm whose test keys work here, with the sandbox. Made by `manage.py enable_test_mode`.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class StaffRole(models.Model):
    """What a staff user may do in one organization (the table of rights is in roles.py)."""

    class Role(models.TextChoices):
        VIEWER = "viewer", "Viewer"
        SUPPORT = "support", "Support"
        RISK = "risk", "Risk"
        FINANCE = "finance", "Finance"
        OWNER = "owner", "Owner"

    user = models.ForeignKey(User, models.CASCADE, related_name="staff_roles")
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="staff_roles")
    role = models.CharField(max_length=8, choices=Role, default=Role.VIEWER)
    role_since = models.DateTimeField(
        null=True, editable=False, help_text="Since when it is this role; empty: since before that was kept."
    )

    class Meta:
        ordering = ["organization__name"]
        constraints = [models.UniqueConstraint(fields=["user", "organization"], name="one_role_per_organization")]

    def __str__(self) -> str:
        return f"{self.get_role_display()} of {self.organization}"
