"""Who uses the installation (User), and what is remembered of their codes."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q

from vendor_admin.organizations.user_names import refuse_name


class User(AbstractUser):
    """A person. Operators run the installation, staff work for organizations, members trade (and have no password
    here).
    """

    class Kind(models.TextChoices):
        OPERATOR = "operator", "Operator"
        STAFF = "staff", "Vendor staff"
        MEMBER = "member", "Member"

    kind = models.CharField(max_length=8, choices=Kind, default=Kind.STAFF)
    time_zone = models.CharField(max_length=64, default="America/Chicago", help_text="Times are shown in this zone.")
    is_simulated = models.BooleanField(default=False, editable=False, help_text="Made by seed_demo for demo data.")
    session_epoch = models.PositiveIntegerField(
        default=0, editable=False, help_text="Grows when the second factor changes: that ends all sessions."
    )

    verified_email = models.EmailField(  # noqa: DJ001 - no two users have the same, and most have none
        null=True,
        unique=True,
        editable=False,
        help_text="The address that was proven to be theirs, in small letters.",
    )

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(is_staff=False) | ~Q(kind="member"), name="members_are_never_staff"),
            models.CheckConstraint(
                condition=Q(is_superuser=False) | Q(kind="operator"), name="only_operators_are_superusers"
            ),
            # Keys of other actors have one (actors.py): a name must not read as one of them.
            models.CheckConstraint(condition=~Q(username__contains=":"), name="user_names_hold_no_colon"),
        ]

    def clean(self) -> None:
        """What people may give as a user's name; the one that a user has already may stay."""
        super().clean()
        if not User.objects.filter(pk=self.pk, username=self.username).exists():
            refuse_name(self.username)

    @property
    def is_operator(self) -> bool:
        return self.kind == self.Kind.OPERATOR

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must carry to be this user's: a new password or a new epoch ends the ones before."""
        made = super()._get_session_auth_hash(secret=secret)  # type: ignore[misc]
        return f"{made}.{self.session_epoch}" if self.session_epoch else made


class SecondFactorMemory(models.Model):
    """What is remembered of a staff user's codes between sign-ins (verbs in second_factor.py and codes.py).

    The secrets themselves are in allauth's Authenticator, encrypted.
    """

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="second_factor_memory")
    newest_step = models.BigIntegerField(default=0, help_text="Time step of the newest code used: none works twice.")
    wrong_codes = models.PositiveIntegerField(default=0, help_text="In a row, since the last right one.")
    closed_until = models.DateTimeField(null=True)
    notice = models.TextField(default="", help_text="What the person is told at the next sign-in: who reset it, why.")

    def __str__(self) -> str:
        return f"second factor of {self.user}"
