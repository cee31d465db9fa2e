"""A staff user's session as it is behind both steps of the sign-in. (What is before them: test_second_factor.py.)"""

import time

from django.test import Client

from vendor_admin.organizations.models import User
from vendor_admin.organizations.requests.idle_sessions import USED_AT
from vendor_admin.organizations.sign_in.second_factor import MARK, SHOWN_AT


def signed_in(user: User, *, client: Client | None = None) -> Client:
    """A client whose session has shown a password and a second factor."""
    client = half_signed_in(user, client=client)
    session = client.session
    session[MARK] = user.pk
    session[USED_AT] = session[SHOWN_AT] = time.time()
    session.save()
    return client


def half_signed_in(user: User, *, client: Client | None = None) -> Client:
    """A client whose session has shown a password and nothing else."""
    client = client or Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client
