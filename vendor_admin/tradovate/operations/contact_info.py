"""A user's contact information (LIVE). There is one call for the first time and for changes: it replaces everything."""

import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from vendor_admin.tradovate.catalogue.answers import UpdateContactInfoAnswer
from vendor_admin.tradovate.catalogue.evidence import holds_settings
from vendor_admin.tradovate.catalogue.fields import Country, Id, LongText, Name, ShortText, full_name_fault
from vendor_admin.tradovate.catalogue.look_ups import Doubt, Entity, LookUp, Reading
from vendor_admin.tradovate.catalogue.operation import LIVE_ONLY, Operation
from vendor_admin.tradovate.catalogue.replaced_settings import from_entity, names_of
from vendor_admin.tradovate.catalogue.request import Request, body_of
from vendor_admin.tradovate.catalogue.write import Reversal, Settling, Write
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.errors import Fault
from vendor_admin.tradovate.outcomes import Json

_ALLOWED_SIGNS: Final = frozenset(" .,'’-/#&()+:;ºª°")

LastName = Annotated[str, Meta(min_length=2, max_length=64, description="2 to 64 characters")]
Street = Annotated[str, Meta(min_length=3, max_length=61, description="3 to 61 characters")]
StreetMore = Annotated[str, Meta(max_length=61, description="at most 61 characters")]
City = Annotated[str, Meta(min_length=2, max_length=35, description="2 to 35 characters")]
State = Annotated[str, Meta(min_length=2, max_length=64, description="2 to 64 characters")]
PostCode = Annotated[str, Meta(min_length=4, max_length=11, description="4 to 11 characters")]
Phone = Annotated[
    str,
    Meta(
        min_length=10,
        max_length=21,
        pattern=r"^[0-9+(). /-]+\Z",
        description="10 to 21 characters: digits, spaces and + ( ) . / -",
    ),
]


class UpdateContactInfo(Request, frozen=True, kw_only=True):
    """Everything at once: what is left out may be lost."""

    user_id: Id
    first_name: Name
    last_name: LastName
    street_address1: Street
    street_address2: StreetMore | None = None
    city: City
    state: State | None = None
    post_code: PostCode | None = None
    country: Country
    phone: Phone
    mailing_is_different: bool | None = None
    mailing_street_address1: LongText | None = None
    mailing_street_address2: LongText | None = None
    mailing_city: ShortText | None = None
    mailing_state: ShortText | None = None
    mailing_post_code: ShortText | None = None
    mailing_country: Country | None = None
    approved_id: Id | None = None
    joint_first_name: ShortText | None = None
    joint_last_name: ShortText | None = None

    def faults(self, *, now: datetime) -> Iterator[Fault]:
        for field in msgspec.structs.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, str) and (sign := special_character(value)):
                yield Fault(field.encode_name, "wrong_form", f"must not hold special characters such as {sign!r}")
        text = full_name_fault(self.first_name, self.last_name)
        if text:
            yield Fault("firstName", "too_long", text)
        text = full_name_fault(self.joint_first_name or "", self.joint_last_name or "")
        if text:
            yield Fault("jointFirstName", "too_long", text)


def special_character(text: str) -> str | None:
    """The first character of a text that contact information should not hold: anything but letters and digits of any
    script, spaces, and the signs of addresses."""
    return next(
        (one for one in text if one not in _ALLOWED_SIGNS and unicodedata.category(one)[0] not in ("L", "M", "N")), None
    )


def _look_ups(request: UpdateContactInfo, _environment: Environment) -> Sequence[LookUp]:
    return [LookUp(Environment.LIVE, "contactInfo", "deps", request.user_id)]


def _happened(request: UpdateContactInfo, reading: Reading) -> bool | None:
    mine = [one for one in reading.of("contactInfo") if one.get("userId") == request.user_id]
    verdicts = [holds_settings(one, body_of(request), names_of(UpdateContactInfo)) for one in mine]
    return True if True in verdicts else None if None in verdicts else False


def _user(request: UpdateContactInfo, _reading: Reading) -> LookUp:
    return LookUp(Environment.LIVE, "user", "item", request.user_id)


def _doubt(request: UpdateContactInfo) -> Doubt:
    return Doubt(
        f"User {request.user_id} has the new contact information.",
        f"User {request.user_id} has the contact information from before. Sending it again does no harm.",
    )


def _revert(_request: UpdateContactInfo, old: Entity | None, _answer: Json) -> Reversal | None:
    earlier = from_entity(UpdateContactInfo, old)
    return Reversal(UPDATE_CONTACT_INFO.path, earlier) if earlier is not None else None


UPDATE_CONTACT_INFO = Write(
    operation=Operation(
        path="contactInfo/updatecontactinfo",
        method="POST",
        environments=LIVE_ONLY,
        harmless_to_repeat=True,
        waits_for_maintenance=True,
    ),
    request=UpdateContactInfo,
    answer=UpdateContactInfoAnswer,
    settling=Settling(_look_ups, _happened, _doubt, _user),
    revert=_revert,
)
