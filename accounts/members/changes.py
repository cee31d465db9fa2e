"""Changes of members, as plans (LIVE): contact info, e-mail address, password, name and password.

Passwords are given in a target's `secrets` alone; they are stored encrypted, and only until the platform took them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.in_force import LIVE, rows_of_members
from accounts.members.inputs import ContactChange, CredentialsChange, EmailChange, PasswordChange
from accounts.members.passwords import password_fault
from accounts.members.uniqueness import set_apart_twice, taken_of
from accounts.plan_input import unknown_fields
from vendor_admin.mirrors.columns import platform_columns
from vendor_admin.mirrors.models import ContactInfo, PlatformUser
from vendor_admin.mirrors.queries.lookups import load
from vendor_admin.operations.inputs.declaration import PlanInput
from vendor_admin.operations.kinds import Json, OneWrite, PlanRequest, RowDraft, Target
from vendor_admin.operations.models import PlanRow
from vendor_admin.operations.skip_reasons import SkipReason
from vendor_admin.organizations.roles import Right
from vendor_admin.tradovate.catalogue.replaced_settings import names_of
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.operations.contact_info import UPDATE_CONTACT_INFO, UpdateContactInfo
from vendor_admin.tradovate.operations.credentials import (
    MODIFY_CREDENTIALS,
    MODIFY_EMAIL_ADDRESS,
    MODIFY_PASSWORD,
    ModifyCredentials,
    ModifyEmailAddress,
    ModifyPassword,
)

CONTACT_FIELDS = tuple(name for name in names_of(UpdateContactInfo) if name != "userId")
NOT_READ = "No contact info is known here: it replaces everything that the platform may have of this member."
CONFIRM_AGAIN = "The member may have to confirm the new address before anything else."
SET_ANEW = "set anew"
OLD_ONE_ENDS = "The password from before no longer works, and cannot be put back."


class UpdateContact(OneWrite):
    """Targets are members; `wanted` holds those of CONTACT_FIELDS that change (null: no longer set)."""

    name = "update_contact_info"
    title = "Change contact info"
    write = UPDATE_CONTACT_INFO
    right = Right.MANAGE_MEMBERS
    takes = PlanInput(ContactChange)

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        user_ids = [target.entity_id for target in request.targets]
        users = load(PlatformUser, organization_id=request.organization_id, ids=user_ids)
        known = rows_of_members(ContactInfo, user_ids, organization_id=request.organization_id)
        contact_of = {one.user_id: one for one in known}
        return [
            _contact_draft(target, users.get(target.entity_id), contact_of.get(target.entity_id))
            for target in request.targets
        ]

    def request(self, row: PlanRow, *, parameters: Mapping[str, Json], reason: str) -> Request:
        return _contact_request(row.target_id or 0, row.new)

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        """Put back what was there before. What was set for the first time stays: it cannot be taken away."""
        targets = [
            Target(
                "user",
                row.target_id,
                {name: row.old.get(name) for name in CONTACT_FIELDS if row.old.get(name) != row.new.get(name)},
                expected={name: row.new.get(name) for name in CONTACT_FIELDS},
                label=row.label,
            )
            for row in rows
            if any(value is not None for value in row.old.values())
        ]
        return (self.name, targets) if targets else None


class ModifyEmail(OneWrite):
    """Targets are members; `wanted` holds the new `email`."""

    name = "modify_member_email"
    title = "Change e-mail address"
    write = MODIFY_EMAIL_ADDRESS
    right = Right.CHANGE_CREDENTIALS
    takes = PlanInput(EmailChange)
    is_sensitive = True
    consequence = CONFIRM_AGAIN

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        emails = [str(one.wanted.get("email", "")) for one in request.targets]
        taken = taken_of(names=(), emails=emails, organization_id=request.organization_id)
        drafts = _member_drafts(request, known=("email",))
        for draft, email in zip(drafts, emails, strict=True):
            if draft.why_skipped:
                continue
            draft.old, draft.new = {"email": draft.old["email"]}, {"email": draft.target.wanted.get("email")}
            draft.why_skipped = taken.why_not(email=email, own_id=draft.target.entity_id)
            if draft.old == draft.new:
                draft.why_skipped = SkipReason.SAME_EMAIL
        set_apart_twice(drafts, "email", called="e-mail address", after_rows_of=request.after_rows_of)
        return drafts

    def request(self, row: PlanRow, *, parameters: Mapping[str, Json], reason: str) -> Request:
        return ModifyEmailAddress(user_id=row.target_id or 0, email=row.wanted.get("email", ""))

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        return self.name, [
            Target("user", row.target_id, {"email": row.old["email"]}, expected=row.new, label=row.label)
            for row in rows
            if row.old.get("email")
        ]


class ModifyMemberPassword(OneWrite):
    """Targets are members; `secrets` holds the new `password` and the `currentPassword`, the member's or that of the
    organization's administrator. Nothing is reverted: the password from before is not known.
    """

    name = "modify_member_password"
    title = "Change password"
    write = MODIFY_PASSWORD
    right = Right.CHANGE_CREDENTIALS
    takes = PlanInput(PasswordChange)
    is_sensitive = True
    consequence = OLD_ONE_ENDS

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        drafts = _member_drafts(request, known=())
        for draft in drafts:
            if not draft.why_skipped:
                _draft_password(draft, name=draft.old["name"] or "", email=draft.old["email"] or "")
                draft.old, draft.new = {}, {"password": SET_ANEW}
        return drafts

    def request(self, row: PlanRow, *, parameters: Mapping[str, Json], reason: str) -> Request:
        return ModifyPassword(
            user_id=row.target_id or 0,
            password=row.secrets.get("password", ""),
            current_password=row.secrets.get("currentPassword", ""),
        )


class ModifyMemberCredentials(OneWrite):
    """Targets are members; `wanted` holds the new `name`, `secrets` the new `password` and the `currentPassword`.

    Nothing is reverted: the password from before is not known, and the name changes only together with it.
    """

    name = "modify_member_credentials"
    title = "Change name and password"
    write = MODIFY_CREDENTIALS
    right = Right.CHANGE_CREDENTIALS
    takes = PlanInput(CredentialsChange)
    is_sensitive = True
    consequence = OLD_ONE_ENDS

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        names = [str(one.wanted.get("name", "")) for one in request.targets]
        taken = taken_of(names=names, emails=(), organization_id=request.organization_id)
        drafts = _member_drafts(request, known=("name",))
        for draft, name in zip(drafts, names, strict=True):
            if draft.why_skipped:
                continue
            _draft_password(draft, name=name, email=draft.old["email"] or "")
            draft.why_skipped = draft.why_skipped or taken.why_not(name=name, own_id=draft.target.entity_id)
            draft.old = {"name": draft.old["name"]}
            draft.new = {"name": draft.target.wanted.get("name"), "password": SET_ANEW}
        set_apart_twice(drafts, "name", called="name", after_rows_of=request.after_rows_of)
        return drafts

    def request(self, row: PlanRow, *, parameters: Mapping[str, Json], reason: str) -> Request:
        return ModifyCredentials(
            user_id=row.target_id or 0,
            name=row.wanted.get("name", ""),
            password=row.secrets.get("password", ""),
            current_password=row.secrets.get("currentPassword", ""),
        )


def _member_drafts(request: PlanRequest, *, known: tuple[str, ...]) -> list[RowDraft]:
    """A draft for each member, with the name and address of now in `old`. One query."""
    users = load(PlatformUser, organization_id=request.organization_id, ids=[one.entity_id for one in request.targets])
    drafts = []
    for target in request.targets:
        user = users.get(target.entity_id)
        draft = RowDraft(target, LIVE, str(user or target.label or f"member {target.entity_id}"))
        draft.why_skipped = unknown_fields(target.wanted, known)
        if user is None or user.deleted_at is not None:
            draft.why_skipped = SkipReason.NO_MEMBER
        else:
            draft.old = {"name": user.name, "email": user.email}
        drafts.append(draft)
    return drafts


def _draft_password(draft: RowDraft, *, name: str, email: str) -> None:
    fault = password_fault(draft.target.secrets.get("password"), name=name, email=email)
    draft.why_skipped = SkipReason.PASSWORD.format(fault) if fault else ""


def _contact_draft(target: Target, user: PlatformUser | None, contact: ContactInfo | None) -> RowDraft:
    draft = RowDraft(target, LIVE, str(user or target.label or f"member {target.entity_id}"))
    draft.why_skipped = unknown_fields(target.wanted, CONTACT_FIELDS)
    if user is None or user.deleted_at is not None:
        draft.why_skipped = SkipReason.NO_MEMBER
        return draft
    draft.old = contact_values(contact)
    new = {**draft.old, **{name: value for name, value in target.wanted.items() if name in CONTACT_FIELDS}}
    draft.new = {**new, "mailingIsDifferent": new["mailingIsDifferent"] or False}
    if contact is None:
        draft.warnings.append(NOT_READ)
    if not draft.why_skipped and draft.new == draft.old:
        draft.why_skipped = SkipReason.SAME_CONTACT_INFO
    return draft


def contact_values(contact: ContactInfo | None) -> dict[str, Json]:
    """By the platform's names; None for what is not set. Whether mailing differs is always said, once there is any."""
    values = dict.fromkeys(CONTACT_FIELDS)
    if contact is not None:
        known = {column.json_key: getattr(contact, column.name) for column in platform_columns(ContactInfo)}
        values = {name: known[name] for name in CONTACT_FIELDS}
        values["mailingIsDifferent"] = values["mailingIsDifferent"] or False
    return values


def _contact_request(user_id: int, values: Mapping[str, Any]) -> UpdateContactInfo:
    """Unchecked: what is wrong or missing shows when it is validated."""
    given = {name: values.get(name) for name in CONTACT_FIELDS}
    by_attribute = dict(zip(UpdateContactInfo.__struct_fields__, names_of(UpdateContactInfo), strict=True))
    required = ("first_name", "last_name", "street_address1", "city", "country", "phone")
    fields: dict[str, Any] = {
        attribute: given.get(name) for attribute, name in by_attribute.items() if attribute != "user_id"
    }
    fields |= {attribute: fields[attribute] or "" for attribute in required}
    return UpdateContactInfo(user_id=user_id, **fields)
