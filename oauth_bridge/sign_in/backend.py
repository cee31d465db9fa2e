"""Finds the user of a member's session. Nobody signs in here by name and password."""

from django.contrib.auth.backends import BaseBackend

from vendor_admin.organizations.models import User


class MemberBackend(BaseBackend):
    """Sessions begun by member_sessions.start: of members that are active, and of nobody else."""

    def get_user(self, user_id: int) -> User | None:
        return User.objects.filter(pk=user_id, kind=User.Kind.MEMBER, is_active=True, is_staff=False).first()
