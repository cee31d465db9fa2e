"""Somebody who signs in through the pages, with an authenticator app in hand."""

from dataclasses import dataclass, field
from typing import Any

from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from vendor_admin.demo.authenticator import SECONDS, code_of
from vendor_admin.organizations.models import Organization, StaffRole, User
from vendor_admin.organizations.sign_in.second_factor import set_up_with

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
# A moment in the middle of a time step, for tests that stop the clock.
MOMENT = 1_795_000_005.0


@dataclass
class Person:
    """A staff user and a browser."""

    user: User
    secret: str = SECRET
    client: Client = field(default_factory=Client)

    @property
    def password(self) -> str:
        return f"pass-{self.user.username}"

    def give_password(self, name: str = "", password: str = "", *, wanted: str = "", **headers: str) -> Any:
        given = {"username": name or self.user.username, "password": password or self.password}
        if wanted:
            given["next"] = wanted
        return self.client.post(reverse("account_login"), given, headers=headers)

    def give_code(self, code: str) -> Any:
        return self.client.post(reverse("mfa_authenticate"), {"code": code})

    def sign_in(self, *, at: float, steps: int = 0) -> Any:
        self.give_password()
        return self.give_code(self.code(at=at, steps=steps))

    def code(self, *, at: float, steps: int = 0) -> str:
        """What the app shows at this moment, or so many time steps later."""
        return code_of(self.secret, at=at + steps * SECONDS)

    def authenticator(self, kind: str) -> Any:
        """What is stored of it: "totp" or "recovery_codes"."""
        return Authenticator.objects.get(user=self.user, type=kind)

    def is_in(self) -> bool:
        return self.client.get(reverse("preferences")).status_code == 200


def staff(username: str, *, role: str = "owner", organization: Organization | None = None, **fields: Any) -> User:
    user = User.objects.create_user(username, password=f"pass-{username}", is_staff=True, **fields)
    if organization is not None:
        StaffRole.objects.create(user=user, organization=organization, role=role)
    return user


def with_second_factor(user: User) -> Person:
    set_up_with(user=user, secret=SECRET)
    return Person(user)


def wrong_code(person: Person, *, at: float) -> str:
    """A code that no step near this moment has."""
    near = {person.code(at=at, steps=step) for step in range(-3, 4)}
    return next(code for code in (f"{number:06}" for number in range(10)) if code not in near)
