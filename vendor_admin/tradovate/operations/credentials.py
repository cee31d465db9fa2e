"""A user's e-mail address, name and password (LIVE).

The documents let the user be left out, which means the caller; here it never may be, so that no slip changes the
password of the organization's own administrator.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from vendor_admin.tradovate.catalogue.answers import AccessTokenAnswer, UserStatusAnswer
from vendor_admin.tradovate.catalogue.fields import CurrentPassword, Email, Id, Password, UserName
from vendor_admin.tradovate.catalogue.look_ups import Doubt, Entity, LookUp, Reading
from vendor_admin.tradovate.catalogue.operation import LIVE_ONLY, Operation
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.catalogue.write import Reversal, Settling, Write
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.errors import Fault
from vendor_admin.tradovate.outcomes import Json


class ModifyEmailAddress(Request, frozen=True, kw_only=True):
    user_id: Id
    email: Email


class ModifyPassword(Request, frozen=True, kw_only=True):
    user_id: Id
    password: Password
    current_password: CurrentPassword

    def faults(self, *, now: datetime) -> Iterator[Fault]:
        if self.password == self.current_password:
            yield Fault("password", "unchanged", "must differ from the current password")


class ModifyCredentials(Request, frozen=True, kw_only=True):
    user_id: Id
    name: UserName
    password: Password
    current_password: CurrentPassword


def _user(request: ModifyEmailAddress | ModifyPassword | ModifyCredentials, _: Environment) -> Sequence[LookUp]:
    return [LookUp(Environment.LIVE, "user", "item", request.user_id)]


def _email_was_changed(request: ModifyEmailAddress, reading: Reading) -> bool | None:
    user = reading.with_id("user", request.user_id)
    return None if user is None else str(user.get("email")).casefold() == request.email.casefold()


def _password_was_changed(_request: ModifyPassword, _reading: Reading) -> bool | None:
    """A password cannot be read, and trying it costs failed logins."""
    return None


def _credentials_were_changed(request: ModifyCredentials, reading: Reading) -> bool | None:
    """The name tells, but only where it was to change."""
    user = reading.with_id("user", request.user_id)
    if user is None:
        return None
    if user.get("name") != request.name:
        return False
    had_other_name = reading.before is not None and reading.before.get("name") not in (None, request.name)
    return True if had_other_name else None


def _email_doubt(request: ModifyEmailAddress) -> Doubt:
    return Doubt(
        f"User {request.user_id} has the new e-mail address and may have to confirm it.",
        f"User {request.user_id} has the e-mail address from before.",
    )


def _password_doubt(request: ModifyPassword | ModifyCredentials) -> Doubt:
    return Doubt(
        f"User {request.user_id} signs in with the new password; the one from before no longer works.",
        f"User {request.user_id} signs in with the password from before. Ask the user to try it: reading cannot tell.",
    )


def _revert_email(request: ModifyEmailAddress, old: Entity | None, _answer: Json) -> Reversal | None:
    email = old.get("email") if old is not None else None
    if not isinstance(email, str) or email == request.email:
        return None
    return Reversal(
        MODIFY_EMAIL_ADDRESS.path,
        ModifyEmailAddress(user_id=request.user_id, email=email),
        remains="The user may have to confirm the address again.",
    )


def _operation(path: str, *, names_hosts: bool = False) -> Operation:
    return Operation(
        path=path, method="POST", environments=LIVE_ONLY, waits_for_maintenance=True, names_hosts=names_hosts
    )


MODIFY_EMAIL_ADDRESS = Write(
    operation=_operation("user/modifyemailaddress"),
    request=ModifyEmailAddress,
    answer=UserStatusAnswer,
    settling=Settling(_user, _email_was_changed, _email_doubt),
    revert=_revert_email,
)

MODIFY_PASSWORD = Write(
    operation=_operation("user/modifypassword", names_hosts=True),
    request=ModifyPassword,
    answer=AccessTokenAnswer,
    settling=Settling(_user, _password_was_changed, _password_doubt),
    cautions=("The answer holds an access token.", "A password known from a breach is refused (PasswordCompromised)."),
)

MODIFY_CREDENTIALS = Write(
    operation=_operation("user/modifycredentials", names_hosts=True),
    request=ModifyCredentials,
    answer=AccessTokenAnswer,
    settling=Settling(_user, _credentials_were_changed, _password_doubt),
    cautions=("The answer holds an access token.", "A password known from a breach is refused (PasswordCompromised)."),
)
