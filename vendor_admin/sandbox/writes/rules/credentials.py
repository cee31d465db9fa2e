"""Names, passwords and addresses of users, changed by their administrator or by themselves.

The current password is the user's own; an administrator who changes another user may give the administrator's.
"""

from vendor_admin.sandbox.world.state import Entity
from vendor_admin.sandbox.writes.checks import need_length
from vendor_admin.sandbox.writes.desk import Desk
from vendor_admin.sandbox.writes.refusals import RefusalError
from vendor_admin.sandbox.writes.requests import ModifyCredentials, ModifyEmailAddress, ModifyPassword
from vendor_admin.sandbox.writes.rules.users import Taken, need_email, need_password
from vendor_admin.sandbox.writes.targets import change_user, own_user

INCORRECT = "Current password is incorrect"


def modify_email_address(desk: Desk, request: ModifyEmailAddress) -> Entity:
    """Another address, which has to be confirmed again."""
    user = own_user(desk, request.user_id).entity
    need_email(request.email)
    if request.email.lower() != str(user["email"]).lower():
        Taken(desk).need_free(email=request.email)
    changed = change_user(desk, user["id"], email=request.email, status="UnconfirmedEmail")
    return {"status": changed["status"]}


def modify_password(desk: Desk, request: ModifyPassword) -> Entity:
    """Another password."""
    user = own_user(desk, request.user_id).entity
    _need_current(desk, user["id"], request.current_password)
    need_password(request.password)
    _set_password(desk, user["id"], request.password)
    return _answer(user)


def modify_credentials(desk: Desk, request: ModifyCredentials) -> Entity:
    """Another name and another password."""
    user = own_user(desk, request.user_id).entity
    _need_current(desk, user["id"], request.current_password)
    need_length("Name", request.name, least=3, most=64)
    need_password(request.password)
    if request.name.lower() != str(user["name"]).lower():
        Taken(desk).need_free(name=request.name)
    _set_password(desk, user["id"], request.password)
    return _answer(change_user(desk, user["id"], name=request.name))


def _need_current(desk: Desk, user_id: int, password: str) -> None:
    members = desk.hidden.members
    trusted = {user_id, desk.admin_user_id} if desk.is_administrator else {user_id}
    users = [member for member in members.all(desk.organization) if member.user_id in trusted]
    if password not in {members.password_of(member) for member in users}:
        raise RefusalError(INCORRECT)


def _set_password(desk: Desk, user_id: int, password: str) -> None:
    """An administrator's key keeps its dedicated password; only the user's changes."""
    desk.remember(desk.hidden.members.passwords, user_id, password)


def _answer(user: Entity) -> Entity:
    return {"userId": user["id"], "name": user["name"], "userStatus": user["status"]}
