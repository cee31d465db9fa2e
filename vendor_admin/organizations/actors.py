"""Who acts, by the name that verbs, plans and the audit keep, and what each may do in an organization right now.

People are known by their user name. A name that begins with "system:" is a worker or a command of this installation,
which may do everything: no user name has a colon. Whoever else is not known may do nothing.
"""

from collections.abc import Iterable

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef

from vendor_admin.organizations import demo_sign_in
from vendor_admin.organizations.models import StaffRole, User
from vendor_admin.organizations.roles import Right, may

SYSTEM = "system:"
# Whoever has a shell on the installation; in the audit.
COMMAND_LINE = "the operator's command line"


def rights_of(names: Iterable[str], *, organization_id: int) -> dict[str, frozenset[Right]]:
    """What each of these actors may do now, by name. Two queries, however many names.

    A person who was disabled, whose role was taken away, or whose second factor was reset, may do nothing: they could
    not open a page either.
    """
    wanted = set(names)
    rights: dict[str, frozenset[Right]] = {name: frozenset() for name in wanted}
    rights |= {name: frozenset(Right) for name in wanted if name.startswith(SYSTEM)}
    second_factor = Authenticator.objects.filter(user=OuterRef("pk"), type=Authenticator.Type.TOTP)
    people = User.objects.filter(username__in=wanted).annotate(has_second_factor=Exists(second_factor))
    roles = StaffRole.objects.filter(organization_id=organization_id, user__username__in=wanted)
    role_of = {role.user_id: role for role in roles}
    for person in people:
        if person.has_second_factor or demo_sign_in.is_exempt(person):
            role = role_of.get(person.pk)
            rights[person.username] = frozenset(right for right in Right if may(user=person, role=role, right=right))
    return rights
