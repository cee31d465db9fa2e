"""An address of the partner API for tests: it writes notes into the audit, and can stand still at each step."""

import time
from typing import Any, cast

from django.http import HttpResponse
from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response

from vendor_admin.errors import Fault, InvalidFields
from vendor_admin.organizations import audit
from vendor_admin.organizations.models import AuditEntry, Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.partner_api.authentication import Token
from vendor_admin.partner_api.idempotency.views import IdempotentWrites

ACTION = "note written"
NOTES = "/api/v1/notes"
STEPS = ("claimed", "written", "kept", "committed")
# The step at which a process stands still; empty: at none.
stands_still_at = [""]


def reached(step: str) -> None:
    """Tell that a step is reached, and stand still where this process is to."""
    if stands_still_at[0] == step:
        print(f"at {step}", flush=True)
        time.sleep(3600)


class Notes(IdempotentWrites):
    required_scopes = ("members:write",)

    def post(self, request: Request, number: str = "") -> Response:
        reached("claimed")
        text = cast(dict[str, Any], request.data).get("text")
        if not isinstance(text, str):
            raise InvalidFields([Fault("text", "required", "Give a text.")])
        token = cast(Token, request.auth)
        entry = audit.record(organization=token.organization, actor=token.actor, action=ACTION, subject=text)
        reached("written")
        if text == "broken":
            raise RuntimeError("something of our own broke")
        if text == "refused":
            return Response({"why": "A rule of the view."}, status=409)
        answer = Response({"id": str(entry.pk), "text": text}, status=202, headers={"Location": f"{NOTES}/{entry.pk}"})
        answer.after_commit = _committed  # type: ignore[attr-defined]
        return answer

    patch = post

    def get(self, request: Request, number: str = "") -> Response:
        return Response({"notes": AuditEntry.objects.filter(action=ACTION).count()})


def _committed() -> HttpResponse | None:
    reached("committed")
    return None


def notes_of(organization: Organization) -> list[str]:
    """What was written and committed."""
    with organization_scope(organization.pk):
        found = AuditEntry.objects.filter(action=ACTION).order_by("id")
        return list(found.values_list("subject", flat=True))


urlpatterns: list[Any] = [
    path("api/v1/notes", Notes.as_view()),
    path("api/v1/notes/<str:number>", Notes.as_view()),
    path("", include("vendor_admin.urls")),
]
