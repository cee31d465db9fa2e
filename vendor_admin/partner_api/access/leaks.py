"""Credentials that were sent in an address: browsers, proxies and logs keep addresses, so they count as leaked.

The request is refused, whatever else it holds, and the owners of the credential are told: notices read CredentialLeak.
"""

from datetime import datetime

import structlog
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from vendor_admin.organizations import audit
from vendor_admin.organizations.sign_in.client_address import caller_address
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.partner_api.access.credentials import Leaked, claim_of
from vendor_admin.partner_api.access.masking import credentials_in, has_credential
from vendor_admin.partner_api.exception_handler import problem_of_error
from vendor_admin.partner_api.models import CredentialLeak
from vendor_admin.partner_api.request_errors import InvalidRequest

log = structlog.get_logger()

IN_ADDRESS = (
    "A key or token stands in the address, where browsers, proxies and logs keep it. Send it in the header "
    "Authorization alone, and roll this one: its owners are told."
)


def refuse_leaked(request: HttpRequest) -> HttpResponse | None:
    """The answer to a request with a credential in its address; None for every other."""
    address = f"{request.path}?{request.META.get('QUERY_STRING', '')}"
    if not has_credential(address):
        return None
    for credential in credentials_in(address):
        leaked = note_leak(credential, address=caller_address(request), now=timezone.now(), request_id=_id_of(request))
        if leaked is not None:  # its organization finds the request in its log
            request.api_caller = (leaked.organization.pk, leaked.program.id)  # type: ignore[attr-defined]
    log.warning("partner_api.credential_in_address", path=request.path)
    return problem_of_error(request, InvalidRequest(IN_ADDRESS, code="credential_in_address"))


def note_leak(credential: str, *, address: str, now: datetime, request_id: str = "") -> Leaked | None:
    """Write down whose credential leaked, and end it where that was chosen. None where it lets nobody in anyway."""
    claim = claim_of(credential)
    if claim is None:
        return None
    with organization_scope(claim.organization_id):
        leaked = claim.reader.end_leaked(credential, now=now, request_id=request_id)
        if leaked is None:
            return None
        organization, program = leaked.organization, leaked.program
        newest = {"noted_at": now, "address": address or None} | ({"is_ended": True} if leaked.is_ended else {})
        CredentialLeak.objects.update_or_create(
            organization=organization,
            program=program.id,
            day=now.date(),
            defaults={**newest, "times": F("times") + 1, "handled_at": None},
            create_defaults={**newest, "label": program.label[:200]},
        )
        audit.record(
            organization=organization,
            actor=program,
            action="credential sent in an address",
            subject=f"{program} ({program.id})",
            new={"from": address, "ended": leaked.is_ended},
            request_id=request_id,
        )
    log.warning("partner_api.credential_leaked", organization=organization.slug, program=program.id)
    return leaked


def settle_leaks(program: str, *, now: datetime) -> None:
    """Somebody has given the program another credential, or none: its leaks are dealt with. Inside the scope."""
    CredentialLeak.objects.filter(program=program, handled_at=None).update(handled_at=now)


def _id_of(request: HttpRequest) -> str:
    return getattr(request, "request_id", "")
