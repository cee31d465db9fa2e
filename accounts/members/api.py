"""Members by the partner API: who they are, which accounts they may trade, and the partner's own reference."""

from collections import defaultdict
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from accounts.member_statuses import status_in_words
from accounts.members.api_writes import MemberChanges, NewMembers
from vendor_admin.mirrors.api.mirror_reading import MirrorReading, MirrorResource, there
from vendor_admin.mirrors.external_ids import Kind, external_ids_of, having_external_id
from vendor_admin.mirrors.models import ContactInfo, PlatformUser, TradingPermission
from vendor_admin.mirrors.queries.lookups import load_plain, one_row_each
from vendor_admin.mirrors.queries.plain_rows import rows_among
from vendor_admin.mirrors.queries.search import like, named
from vendor_admin.operations.api.making import ASKED_BY_VERBS
from vendor_admin.partner_api.reading.fields import Flag, Moment, PlatformId, Word
from vendor_admin.partner_api.reading.filters import Filters, FlagFilter, IdsFilter, WordFilter
from vendor_admin.partner_api.reading.views import organization_id_of
from vendor_admin.tradovate.permission_status import IN_FORCE


class Member(MirrorResource):
    """A member: a user of the platform that belongs to the organization."""

    id = PlatformId(source="entity_id", help_text="The platform's id of the member.")
    external_id = Word(allow_null=True, help_text="Your own reference to the member, unique in your organization.")
    name = Word(allow_null=True, help_text="The user name, by which the member signs in at the platform.")
    email = Word(allow_null=True, help_text="The e-mail address.")
    first_name = Word(allow_null=True, help_text="The first name, from the contact info.")
    last_name = Word(allow_null=True, help_text="The last name, from the contact info.")
    status = Word(allow_null=True, help_text="The platform's status of the user: Active, Closed, TemporaryLocked, …")
    status_text = Word(allow_null=True, help_text="The status in words.")
    user_type = Word(allow_null=True, help_text="The platform's type of the user: Trader, Admin, Organization.")
    professional = Flag(allow_null=True, help_text="Whether the member is a professional to exchanges.")
    account_ids = serializers.ListField(
        child=PlatformId(), help_text="The accounts that the member may trade, by a permission in force."
    )
    created_at = Moment(source="timestamp", allow_null=True, help_text="The platform's own time of the user.")


class MemberFilters(Filters):
    """What the list of members can be narrowed by."""

    id = IdsFilter(field_name="entity_id", help_text="Platform ids, with commas between them: up to 200.")
    external_id = WordFilter(method="by_external_id", help_text="Your own reference.")
    email = WordFilter(method="by_email", help_text="The whole e-mail address, whatever the case of its letters.")
    name = WordFilter(method="by_name", help_text="The whole user name, whatever the case of its letters.")
    search = WordFilter(
        method="by_words", help_text="What is like these words in names and e-mail addresses: the best 200."
    )
    status = WordFilter(field_name="status", help_text="The platform's status of the user, for example Active.")
    include_deleted = FlagFilter(
        method="leave", help_text="true: also what is gone from the platform. Left out, only what is there."
    )

    def by_external_id(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return having_external_id(rows, value, kind=Kind.MEMBER, organization_id=self.organization_id)

    def by_email(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return named(rows, value, "email")

    def by_name(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return named(rows, value, "name")

    def by_words(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return like(rows, value, organization_id=self.organization_id)

    def leave(self, rows: QuerySet[Any], name: str, value: object) -> QuerySet[Any]:
        return rows


class Members(NewMembers, MemberChanges, MirrorReading):
    """Everyone the platform knows in your organization.

    A user that both environments know is there once, as LIVE has it.
    """

    model = PlatformUser
    serializer_class = Member
    filterset_class = MemberFilters
    noun = "member"
    collection = "members"
    tag = "Members"
    required_scopes = {"GET": ("members:read",), **ASKED_BY_VERBS}
    parameters_of_one = {}

    def rows(self, request: Request) -> QuerySet[Any]:
        rows = PlatformUser.objects.filter(organization_id=organization_id_of(request))
        return there(one_row_each(rows), request)

    def found(self, request: Request, entity_id: int) -> Any:
        return load_plain(PlatformUser, organization_id=organization_id_of(request), ids=[entity_id]).get(entity_id)

    def join(self, rows: list[Any], *, request: Request) -> None:
        join_members(rows, organization_id=organization_id_of(request))


def join_members(rows: list[Any], *, organization_id: int) -> None:
    """Give members their names, accounts and external ids. Three queries."""
    ids = [row.entity_id for row in rows]
    contacts = rows_among(ContactInfo, "user_id", ids, organization_id=organization_id, narrowed=_there)
    names_of = {contact.user_id: (contact.first_name, contact.last_name) for contact in contacts}
    accounts: dict[int | None, set[int]] = defaultdict(set)
    for held in rows_among(TradingPermission, "user_id", ids, organization_id=organization_id, narrowed=_in_force):
        if held.account_id is not None:
            accounts[held.user_id].add(held.account_id)
    external = external_ids_of(ids, kind=Kind.MEMBER, organization_id=organization_id)
    for row in rows:
        row.first_name, row.last_name = names_of.get(row.entity_id, (None, None))
        row.account_ids = sorted(accounts[row.entity_id])
        row.external_id = external.get(("", row.entity_id))
        row.status_text = status_in_words(row.status) if row.status else None


def _there(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.filter(deleted_at__isnull=True)


def _in_force(permissions: QuerySet[Any]) -> QuerySet[Any]:
    return permissions.filter(deleted_at__isnull=True, status__in=IN_FORCE)
