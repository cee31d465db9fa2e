"""Keeps members' links alive: a new pair of tokens before the old access token ends.

The refresh token changes at each use, and of two refreshes with the same one the second kills the link. So a refresh is
claimed by a conditional UPDATE, called outside any transaction, and stored by a second UPDATE that checks the claim.
A refusal may be a passing one (field report): the link is called dead when a second try, later, is refused as well.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q

from oauth_bridge import platform_oauth
from oauth_bridge.members import links
from oauth_bridge.models import MemberLink, PlatformClient
from oauth_bridge.platform_oauth import Failure, Identity, Tokens
from oauth_bridge.sign_in import clients, endpoint_locks
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.platform_access import budgets, renewal_turns
from vendor_admin.organizations.platform_access.budgets import WHO_AM_I
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.api_hosts import at_host, origin_of
from vendor_admin.tradovate.outcomes import Locked, NotSent, Penalized, Rejected, Unauthorized, WrongHost

log = structlog.get_logger()

# Longer than the longest call, so that a claim outlives only a holder that died.
CLAIM_TTL = timedelta(seconds=90)
SECOND_TRY_AFTER = timedelta(minutes=10)
UNCLEAR_PAUSE = timedelta(minutes=2)
MISCONFIGURED_PAUSE = timedelta(minutes=15)
WRONG_HOST_PAUSE = timedelta(hours=1)
IDENTITY_AGE = timedelta(hours=24)
REFUSALS_OF_A_DEAD_LINK = 2
_ABOUT_US = {"invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_request"}
_PASSES = {"server_error", "temporarily_unavailable"}
_OF_ANOTHER_ORIGIN = "The sign-in was made at another address of the platform."
_NO_WAY_TO_RENEW = "The platform gave no way to renew this sign-in."


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a failed refresh means for its link.

    `is_refusal`: the platform refused the token itself; `is_about_settings`: it refused those of the client.
    """

    is_refusal: bool
    retry_after: timedelta
    reason: str
    is_about_settings: bool = False


_SETTINGS_REFUSED = Verdict(
    False, MISCONFIGURED_PAUSE, "The platform does not accept the client's settings.", is_about_settings=True
)


def verdict_on(failure: Failure, *, closed_for_seconds: float | None) -> Verdict:
    """Sort a failed refresh: only what the platform said about the token itself counts against the link."""
    wait = timedelta(seconds=closed_for_seconds or 0)
    match failure:
        case Rejected(error_code=code) if code in _PASSES:
            return Verdict(False, UNCLEAR_PAUSE, "The platform reported a fault.")
        case Rejected(status=status, error_code=code) if code in _ABOUT_US or status not in (200, 400):
            return _SETTINGS_REFUSED
        case Rejected(error_text=text):
            return Verdict(True, SECOND_TRY_AFTER, f"The platform refused to renew: {text}")
        case WrongHost(text=text):
            return Verdict(False, WRONG_HOST_PAUSE, f"Not renewed: {text}.")
        case Unauthorized():
            return _SETTINGS_REFUSED
        case Penalized() | Locked() | NotSent():
            return Verdict(False, max(wait, UNCLEAR_PAUSE), "The platform takes no calls from us now.")
        case _:
            return Verdict(False, UNCLEAR_PAUSE, "The platform gave no clear answer.")


def due_links(*, now: datetime, limit: int = 2_500) -> list[tuple[int, int]]:
    """Links to renew now, as (organization id, link id), the most urgent first."""
    organization_ids = Organization.objects.values_list("id", flat=True)
    with organization_scope(*organization_ids):
        due = MemberLink.objects.filter(_is_free(now), state=MemberLink.State.LINKED, renew_at__lte=now)
        return list(due.order_by("renew_at").values_list("organization_id", "id")[:limit])


def renew_link(*, organization_id: int, link_id: int, now: datetime) -> bool:
    """Renew one link if it is due and nobody else is at it; True if it has new tokens. Outside any transaction.

    Raises NoTurn where its organization or the host keeps as many threads as it may.
    """
    link = _read(organization_id, link_id)
    if link is None or not link.is_linked or link.renew_at is None or link.renew_at > now:
        return False
    client = clients.open_client(organization=link.organization, environment=link.environment)
    if client is None:
        return _wait_or_end(link, "Sign-in is switched off.", now=now)
    if link.tokens_origin != origin_of(client.exchange_url):
        _change(link, _dead(_OF_ANOTHER_ORIGIN), _untouched(link, now))
        return False
    if not link.tokens.get("refresh_token"):
        return _wait_or_end(link, _NO_WAY_TO_RENEW, now=now)
    if (found := endpoint_locks.lock_of(client, now=now)) is not None:
        _change(link, {"renew_at": found.until}, _untouched(link, now))
        return False
    with renewal_turns.turn(organization_id=organization_id, url=client.exchange_url):
        return _renew(client, link, now=now)


def _is_free(now: datetime) -> Q:
    return Q(renewing_until=None) | Q(renewing_until__lte=now)


def _untouched(link: MemberLink, now: datetime) -> Q:
    """Nobody renews the link, and nothing was decided about it since it was read."""
    return _is_free(now) & Q(renew_at=link.renew_at)


def _renew(client: PlatformClient, link: MemberLink, *, now: datetime) -> bool:
    holder = uuid.uuid4().hex
    if not _claim(link, holder=holder, now=now):
        return False
    tokens = _refresh(client, link, now=now)
    if not isinstance(tokens, Tokens):
        _store_failure(client, link, tokens, holder=holder, now=now)
        return False
    stored = _change(link, links.token_fields(tokens, now=now) | {"problem": ""}, Q(renewing_holder=holder))
    if not stored:
        log.warning("member_tokens_came_after_the_claim_was_lost", link_id=link.pk)
        return False
    _look_who_it_is(client, link, tokens, now=now)
    return True


def _read(organization_id: int, link_id: int) -> MemberLink | None:
    with organization_scope(organization_id):
        return MemberLink.objects.filter(pk=link_id).select_related("organization").first()


def _claim(link: MemberLink, *, holder: str, now: datetime) -> bool:
    """Take the claim if nobody holds it and the row still says what we read."""
    with transaction.atomic(durable=True), organization_scope(link.organization_id):
        free = MemberLink.objects.filter(_untouched(link, now), pk=link.pk, state=link.state)
        return bool(free.update(renewing_until=now + CLAIM_TTL, renewing_holder=holder))


def _change(link: MemberLink, values: dict[str, Any], guard: Q) -> bool:
    """Change a row that is still linked, and of which the guard is still true."""
    with transaction.atomic(durable=True), organization_scope(link.organization_id):
        return bool(MemberLink.objects.filter(guard, pk=link.pk, state=MemberLink.State.LINKED).update(**values))


def _refresh(client: PlatformClient, link: MemberLink, *, now: datetime) -> Tokens | Failure:
    return endpoint_locks.call_with_ticket(
        endpoint_locks.exchange_key(client),
        lambda ticket: platform_oauth.refresh_tokens(
            client, refresh_token=link.tokens["refresh_token"], penalty_ticket=ticket, now=now
        ),
    )


def _store_failure(client: PlatformClient, link: MemberLink, failure: Failure, *, holder: str, now: datetime) -> None:
    closed_for = endpoint_locks.close(endpoint_locks.exchange_key(client), failure, now=now)
    verdict = verdict_on(failure, closed_for_seconds=closed_for)
    refusals = link.refusals + verdict.is_refusal
    log.warning("member_refresh_failed", link_id=link.pk, reason=verdict.reason, refusals=refusals)
    if refusals >= REFUSALS_OF_A_DEAD_LINK:
        _change(link, _dead(verdict.reason), Q(renewing_holder=holder))
        return
    retry: dict[str, Any] = {"renew_at": now + verdict.retry_after, "refusals": refusals, "problem": verdict.reason}
    _change(link, retry | links.NO_CLAIM, Q(renewing_holder=holder))
    if isinstance(failure, WrongHost):
        clients.note_wrong_host(client=client, url=client.exchange_url, answer=failure, now=now)
    elif verdict.is_about_settings:
        clients.note_problem(client=client, text=verdict.reason, now=now)


def _wait_or_end(link: MemberLink, reason: str, *, now: datetime) -> bool:
    """Without a way to renew, a link is good until its access token ends."""
    if link.access_expires_at is not None and link.access_expires_at > now:
        _change(link, {"renew_at": link.access_expires_at, "problem": reason}, _untouched(link, now))
    else:
        _change(link, _dead(reason), _untouched(link, now))
    return False


def _dead(reason: str) -> dict[str, Any]:
    return {"state": MemberLink.State.NEEDS_SIGN_IN, "problem": reason, **links.NO_TOKENS}


def _look_who_it_is(client: PlatformClient, link: MemberLink, tokens: Tokens, *, now: datetime) -> None:
    """Once a day, ask again what the platform says about the person; it may count these calls, so never more often.

    Where the client has just had a problem, as a host that does not serve the organization, nobody asks for an hour.
    """
    if link.identity_at is not None and link.identity_at > now - IDENTITY_AGE:
        return
    if client.problem_at is not None and client.problem_at > now - WRONG_HOST_PAUSE:
        return
    subject = budgets.address_subject(client.rest_url)
    if budgets.take(budget=WHO_AM_I, subject=subject, now=now):
        return
    host = clients.live_host_for(client, tokens.api_hosts)
    rest_url = at_host(client.rest_url, host)
    identity = platform_oauth.identity_of(rest_url=rest_url, access_token=tokens.access_token, now=now)
    if isinstance(identity, WrongHost):
        budgets.give_back(budget=WHO_AM_I, subject=subject, used_at=now)
        clients.note_wrong_host(client=client, url=rest_url, answer=identity, now=now)
        return
    if not isinstance(identity, Identity):
        endpoint_locks.close(endpoint_locks.identity_key(client), identity, now=now)
        return
    budgets.give_back(budget=WHO_AM_I, subject=subject, used_at=now)
    these = Q(access_expires_at=tokens.access_expires_at)
    if identity.user_id == link.platform_user_id:
        clients.note_live_host(client=client, host=host)
        _change(link, links.identity_fields(identity, now=now), these)
        return
    log.error("member_tokens_of_somebody_else", link_id=link.pk, platform_user_id=identity.user_id)
    _change(link, _dead("The platform's answer was about another user."), these)
