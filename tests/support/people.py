"""Staff users of tests, as those who can act are: with a role and a second factor."""

from allauth.mfa.models import Authenticator

from vendor_admin.organizations.models import Organization, StaffRole, User


def staff_user(name: str, organization: Organization, role: str = "owner") -> User:
    """A person with a role; the password is "pass-" and the name."""
    user = User.objects.create_user(name, password="pass-" + name, kind=User.Kind.STAFF, is_staff=True)
    StaffRole.objects.create(user=user, organization=organization, role=role)
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "of no app"})
    return user


def staff_of(organization: Organization, *names: str) -> None:
    """Owners of an organization; those who work for another one already work for this one too."""
    for name in names:
        known = User.objects.filter(username=name).first()
        if known is None:
            staff_user(name, organization)
        else:
            StaffRole.objects.create(user=known, organization=organization, role="owner")
