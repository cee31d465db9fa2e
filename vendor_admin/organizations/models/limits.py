"""What keeps calls of the platform back: budgets and locks; and the clocks of its hosts."""

from django.db import models

from vendor_admin.organizations.encryption import EncryptedJSONField


class BudgetUse(models.Model):
    """One call drawn from a sliding-window budget (verbs in budgets.py)."""

    key = models.CharField(max_length=200)
    used_at = models.DateTimeField()
    # While the call is on its way, if its draw may be forgotten where nobody tells what came of it.
    runs_out_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["key", "used_at"], name="budget_use_key")]

    def __str__(self) -> str:
        return self.key


class RateLock(models.Model):
    """A key for which no call may go out before `until`: penalty, 429, 423, captcha. Survives restarts."""

    key = models.CharField(max_length=200, primary_key=True)
    until = models.DateTimeField()
    reason = models.TextField()
    ticket = EncryptedJSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.key} until {self.until:%Y-%m-%d %H:%M}"


class HostClock(models.Model):
    """A host whose clock was found to differ from the database's (verbs in host_clocks.py)."""

    host = models.CharField(max_length=200, primary_key=True)
    ahead_seconds = models.FloatField(help_text="Negative: it is behind.")
    measured_at = models.DateTimeField(help_text="By the database's clock.")

    def __str__(self) -> str:
        return self.host
