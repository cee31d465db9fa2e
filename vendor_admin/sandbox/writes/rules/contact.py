"""Contact information of users: made by the first update, replaced by every other one.

Lengths are those of the platform's pages; what is wrong comes back field by field.
"""

import re

from vendor_admin.sandbox.world.state import Entity
from vendor_admin.sandbox.writes.bodies import fields_of
from vendor_admin.sandbox.writes.checks import MOST_TOGETHER
from vendor_admin.sandbox.writes.desk import Desk
from vendor_admin.sandbox.writes.hidden import Person
from vendor_admin.sandbox.writes.refusals import ViolationsError
from vendor_admin.sandbox.writes.requests import UpdateContactInfo

_LENGTHS = {
    "firstName": (1, 64),
    "lastName": (1, 64),
    "streetAddress1": (3, 61),
    "streetAddress2": (0, 61),
    "city": (2, 35),
    "state": (2, 64),
    "postCode": (4, 11),
    "country": (2, 2),
    "phone": (10, 21),
}
_NEEDED_IN_US = ("state", "postCode")
# Letters of any script, digits, blanks and the signs that addresses really have.
_PLAIN = re.compile(r"[\w\s.,'’#/&+()-]*")
_PHONE = re.compile(r"\+?[0-9 ().-]+")
_COUNTRY = re.compile(r"[A-Z]{2}")

_Wrong = list[tuple[str, object, str]]


def update_contact_info(desk: Desk, request: UpdateContactInfo) -> Entity:
    """Store a user's contact information; raises ViolationsError with every field that will not do."""
    fields = fields_of(request)
    wrong = _wrong_with(fields)
    user = desk.book().get("user", request.user_id)
    if user is None or (request.user_id != desk.admin_user_id and not desk.is_administrator):
        wrong.insert(0, ("userId", request.user_id, "User not found"))
    if wrong:
        raise ViolationsError(*wrong)
    known = next(iter(desk.book().dependents("contactInfo", request.user_id)), None)
    desk.remember(desk.hidden.people, request.user_id, Person(request.first_name, request.last_name))
    fields.setdefault("mailingIsDifferent", False)
    if known is not None:
        entity = {"id": known.entity["id"], **fields}
        return {"contactInfo": desk.replace("contactInfo", known, entity)}
    entity = {"id": desk.new_id(), **fields}
    return {"contactInfo": desk.create("contactInfo", entity, user_id=request.user_id)}


def _wrong_with(fields: Entity) -> _Wrong:
    wrong: _Wrong = []
    for name, (least, most) in _LENGTHS.items():
        value = fields.get(name)
        if value is None:
            continue
        if not least <= len(value) <= most:
            wrong.append((name, value, f"{name} should have {least} to {most} characters"))
        elif not _PLAIN.fullmatch(value):
            wrong.append((name, value, f"{name} should have no special characters"))
    wrong += [
        (name, "", f"{name} should be specified")
        for name in _NEEDED_IN_US
        if fields["country"] == "US" and not fields.get(name)
    ]
    if not _COUNTRY.fullmatch(fields["country"]):
        wrong.append(("country", fields["country"], "country should be two capital letters"))
    if not _PHONE.fullmatch(fields["phone"]):
        wrong.append(("phone", fields["phone"], "phone should be a number"))
    for first, last in (("firstName", "lastName"), ("jointFirstName", "jointLastName")):
        if len(fields.get(first, "")) + len(fields.get(last, "")) > MOST_TOGETHER:
            wrong.append((last, fields[last], f"{first} and {last} should be no longer than {MOST_TOGETHER} together"))
    return wrong
