"""One search box over members, accounts and platform ids."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone

from vendor_admin.amounts import read_id
from vendor_admin.listing.admin_base import bounded_page, organization_of, require
from vendor_admin.listing.lists import Badge
from vendor_admin.mirrors.admin.mirror_admin import account_url, environment_badge, member_url, object_url
from vendor_admin.mirrors.models import Account, Fill, Order, Position, TradingPermission
from vendor_admin.mirrors.queries.account_summary import AccountSummary
from vendor_admin.mirrors.queries.accounts import summaries_of
from vendor_admin.mirrors.queries.search import Found, find_members_and_accounts, id_in_words
from vendor_admin.organizations.roles import Right

HITS_SHOWN = 50
# Looked up by exact platform id where no member or account has it.
OTHER_MODELS = (Order, Fill, Position, TradingPermission)


@bounded_page
def search(request: HttpRequest) -> HttpResponse:
    """The hits for `q`. A single hit by exact platform id leads straight to its page, an order's or a fill's too."""
    require(request, Right.VIEW)
    organization = organization_of(request)
    words = request.GET.get("q", "").strip()
    hits: list[Found] = []
    if words and organization is not None:
        hits = find_members_and_accounts(words=words, organization_id=organization.pk, limit=HITS_SHOWN)
    exact = [hit for hit in hits if hit.is_exact_id]
    if len(exact) == 1 and not any(hit.is_exact_name for hit in hits):
        return HttpResponseRedirect(_url(exact[0]))
    if not hits and organization is not None and (address := _other_entity(words, organization_id=organization.pk)):
        return HttpResponseRedirect(address)
    accounts = [hit.row for hit in hits if isinstance(hit.row, Account)]
    organization_id = organization.pk if organization else 0
    states = summaries_of(accounts, organization_id=organization_id, now=timezone.now())
    by_row = {account.pk: state for account, state in zip(accounts, states, strict=True)}
    context = {
        **admin.site.each_context(request),
        "title": "Search",
        "words": words,
        "hits": [_shown(hit, by_row.get(hit.row.pk) if isinstance(hit.row, Account) else None) for hit in hits],
        "is_full": len(hits) >= HITS_SHOWN,
    }
    return TemplateResponse(request, "admin/search.html", context)


def _url(hit: Found) -> str:
    if hit.kind == "account":
        return account_url(hit.entity_id, hit.row.environment) or ""
    return member_url(hit.entity_id) or ""


def _other_entity(words: str, *, organization_id: int) -> str | None:
    """The page of the order, fill, position or permission with this platform id."""
    digits, environment = id_in_words(words)
    entity_id = read_id(digits) if digits and not environment else None
    if entity_id is None:
        return None
    for model in OTHER_MODELS:
        row = model.objects.filter(organization_id=organization_id, entity_id=entity_id).first()
        if row is not None:
            return object_url(model, row.entity_id, row.environment)
    return None


def _shown(hit: Found, state: AccountSummary | None) -> dict[str, object]:
    """A line of the results: what it is, its state, and the balance of an account."""
    if state is None:
        row = hit.row
        status = Badge("deleted", "bad") if row.deleted_at else Badge(getattr(row, "status", None) or "–")
        detail = getattr(row, "email", None) or ""
    else:
        status = Badge(state.lock.summary, state.lock.tone)
        detail = ", ".join(str(member) for member in state.members[:2])
    return {
        "kind": hit.kind,
        "name": str(hit.row),
        "entity_id": hit.entity_id,
        "url": _url(hit),
        "environment": environment_badge(hit.row),
        "status": status,
        "detail": detail,
        "amount": state.amount if state else None,
        "currency": state.currency if state else "",
    }
