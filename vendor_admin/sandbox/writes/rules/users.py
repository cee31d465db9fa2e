"""Users of the organization: made on LIVE, seen on both hosts.

Lengths, the rule about both names and the limit of a batch are those of createEvaluationUsers and the sign-up page.
"""

import re

from vendor_admin.sandbox.world.state import Entity
from vendor_admin.sandbox.writes.batches import each_item
from vendor_admin.sandbox.writes.checks import MOST_TOGETHER, need_length
from vendor_admin.sandbox.writes.desk import Desk
from vendor_admin.sandbox.writes.hidden import Person
from vendor_admin.sandbox.writes.refusals import RefusalError
from vendor_admin.sandbox.writes.requests import CreateEvaluationUsers, EvaluationUser, SignUpOrganizationMember
from vendor_admin.sandbox.writes.rules.entitlements import add_entitlement, entitlement_of, is_for_signed_users
from vendor_admin.sandbox.writes.rules.memberships import add_membership, plan_of
from vendor_admin.sandbox.writes.rules.payments import billing_account_id
from vendor_admin.tradovate.enums import Environment

MOST_USERS = 100
GROUP_TRADE = 22
BREACHED = frozenset(
    {"password", "password1", "passw0rd", "12345678", "123456789", "qwerty123", "letmein1", "iloveyou"}
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


class Taken:
    """Names and addresses in use on the whole platform, whoever's they are; upper and lower case are the same."""

    def __init__(self, desk: Desk) -> None:
        users = [
            record.entity
            for organization_id in desk.world.organizations
            for record in desk.world.book(Environment.LIVE, organization_id).all("user")
        ]
        self.names = {str(user["name"]).lower() for user in users}
        self.emails = {str(user["email"]).lower() for user in users}

    def need_free(self, *, name: str | None = None, email: str | None = None) -> None:
        """Raise RefusalError when one of them is in use."""
        if name is not None and name.lower() in self.names:
            raise RefusalError("User already exists", code="UserAlreadyExists")
        if email is not None and email.lower() in self.emails:
            raise RefusalError("Email is already registered", code="EmailAlreadyRegistered")


def create_evaluation_users(desk: Desk, request: CreateEvaluationUsers) -> Entity:
    """Make up to a hundred users; each succeeds or fails by itself."""
    if not request.users:
        raise RefusalError("Empty users")
    if len(request.users) > MOST_USERS:
        raise RefusalError(f"Only {MOST_USERS} users are allowed in single operation")
    if any(GROUP_TRADE in (user.entitlement_ids or ()) for user in request.users):
        raise RefusalError("GroupTrade entitlement is not allowed")
    taken = Taken(desk)

    def create(user: EvaluationUser) -> Entity:
        created = create_user(desk, user, taken)
        return {"userId": created["id"]}

    return {"results": each_item(desk, request.users, create)}


def sign_up_organization_member(desk: Desk, request: SignUpOrganizationMember) -> Entity:
    """Make one user, the older way."""
    created = create_user(desk, request, Taken(desk))
    return {"errorCode": "Success", "userId": created["id"], "emailVerified": False}


def create_user(desk: Desk, request: EvaluationUser, taken: Taken) -> Entity:
    """Make a user with plan and entitlements, or nothing at all."""
    need_length("Name", request.name, least=3, most=64)
    need_names(request.first_name, request.last_name)
    need_email(request.email)
    need_password(request.password)
    taken.need_free(name=request.name, email=request.email)
    plan = None
    if request.tradovate_subscription_plan_id is not None:
        plan = plan_of(desk, request.tradovate_subscription_plan_id)
        if plan is None:
            raise RefusalError("Tradovate subscription plan not found", code="DataError")
    entitlements = [_wanted(desk, entitlement_id) for entitlement_id in request.entitlement_ids or ()]
    entity = _new_user(desk, request)
    user = desk.own("user", entity["id"])
    if plan is not None:
        add_membership(desk, user, plan, account_id=billing_account_id(desk))
    for entitlement in entitlements:
        add_entitlement(desk, user, entitlement, account_id=billing_account_id(desk))
    taken.names.add(request.name.lower())
    taken.emails.add(request.email.lower())
    return entity


def need_names(first_name: str, last_name: str) -> None:
    """Each name at most 64 characters, both together at most 60."""
    need_length("First Name", first_name, least=1, most=64)
    need_length("Last Name", last_name, least=1, most=64)
    if len(first_name) + len(last_name) > MOST_TOGETHER:
        raise RefusalError(f"First Name and Last Name should be no longer than {MOST_TOGETHER} together")


def need_email(email: str) -> None:
    """An address the platform takes."""
    need_length("Email", email, least=1, most=64)
    if not _EMAIL.fullmatch(email):
        raise RefusalError("Email does not meet the policy", code="EmailPolicyFailed")


def need_password(password: str) -> None:
    """8 to 64 characters, and not one that is known to the world."""
    try:
        need_length("Password", password, least=8, most=64)
    except RefusalError as error:
        raise RefusalError(error.text, code="WeakPassword") from None
    if password.lower() in BREACHED:
        raise RefusalError("Password is found in a list of compromised passwords", code="PasswordCompromised")


def _wanted(desk: Desk, entitlement_id: int) -> Entity:
    entitlement = entitlement_of(desk, entitlement_id)
    if entitlement is None:
        raise RefusalError("Entitlement not found", code="DataError")
    if is_for_signed_users(entitlement):
        raise RefusalError("The user has not signed the market data agreement", code="DataError")
    return entitlement


def _new_user(desk: Desk, request: EvaluationUser) -> Entity:
    user_id = desk.new_id("user")
    entity = {
        "id": user_id,
        "name": request.name,
        "timestamp": desk.at,
        "userType": "Trader",
        "email": request.email,
        "status": "UnconfirmedEmail",
        "professional": False,
        "organizationId": desk.organization.id,
        "hibernated": False,
    }
    for environment in (Environment.LIVE, Environment.DEMO):
        desk.create("user", entity, user_id=user_id, environment=environment)
    desk.remember(desk.hidden.members.passwords, user_id, request.password)
    desk.remember(desk.hidden.people, user_id, Person(request.first_name, request.last_name))
    return entity
