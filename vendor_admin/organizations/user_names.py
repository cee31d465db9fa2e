"""Names of new staff users: such that no two look the same, and that none looks like an e-mail address.

Asked by `User.clean`, so wherever people give names: on pages and in `create_operator`. The names of users who are
there already stay as they are. `seed_demo` makes names with an @ and does not ask: what follows in theirs is the short
name of an organization, which has no dot, so they are no e-mail addresses.
"""

import re

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import CharField, F, Func
from django.db.models.functions import Lower

ALLOWED = re.compile(r"[A-Za-z0-9._+-]+")
NOT_ALLOWED = (
    "A user name has letters without accents (A to Z), digits and . _ + - only. It has no @: e-mail addresses sign in, "
    "too."
)
TAKEN = "This user name cannot be used: choose another."


def refuse_name(name: str) -> None:
    """Raise ValidationError where a new user cannot have this name. Until the transaction ends nobody else gets it.

    A name that is taken is refused in the same words wherever its user works: an owner must not learn who works for
    another organization.
    """
    if not ALLOWED.fullmatch(name):
        raise ValidationError({"username": NOT_ALLOWED})
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('names of new users', 11))")
    users = get_user_model().objects
    # Members' names are made by us, one for each.
    people = users.exclude(kind="member").annotate(looks_like=Lower(_Plain(F("username"))))
    if people.filter(looks_like=name.lower()).exists() or users.filter(username=name).exists():
        raise ValidationError({"username": TAKEN})


class _Plain(Func):
    """One form for letters that differ in nothing but their form, as full width ones do."""

    function = "normalize"
    template = "%(function)s(%(expressions)s, NFKC)"
    output_field = CharField()
