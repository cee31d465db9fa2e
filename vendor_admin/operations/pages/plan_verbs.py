"""What people do with a plan, as pages: each checks the right that the plan's kind asks for, then calls one verb."""

from collections.abc import Callable

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from vendor_admin.errors import Conflict, InvalidFields, Refused
from vendor_admin.listing.admin_base import actor_of, has_right, require
from vendor_admin.operations.kinds import all_kinds, consequence_of
from vendor_admin.operations.models import Plan, PlanRow
from vendor_admin.operations.pages.confirmation import Confirmation, ConfirmForm, WhyForm, confirmation_for
from vendor_admin.operations.pages.outcome import outcome_of
from vendor_admin.operations.pages.plan_buttons import GIVE_ANEW, REVERT, way_back_of
from vendor_admin.operations.pages.plan_view import (
    age_shown,
    common_warnings,
    cost_in_words,
    forecast_of,
    known_kind,
    promise_of,
)
from vendor_admin.operations.pages.rows import newest_url, plan_url
from vendor_admin.operations.pages.steps import steps
from vendor_admin.operations.pages.sums import sums_of
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.operations.plans.authors import rights_of_plan
from vendor_admin.operations.plans.progress import counts_of
from vendor_admin.organizations.requests.fresh_code import ASKED_FOR, require_fresh_code
from vendor_admin.organizations.roles import Right
from vendor_admin.organizations.tenancy import database_clock

VerbView = Callable[[HttpRequest, Plan], HttpResponse]

REVERT_INTRO = (
    "A preview is made that restores what this plan changed, from the values recorded then. What was changed again "
    "since is left as it is."
)
HELD = "Nothing is sent yet: the rows are read from the platform first. If they are as shown, it starts by itself."
BEING_MADE = "The preview is being made. Nothing has been sent yet."
RENEWED = "Nothing was sent: the platform changed since the preview. This is a new preview; look at it again."
GIVE_ANEW_INTRO = (
    "What this plan ended cannot be taken back. The preview restores it as new subscriptions and permissions, with "
    "new ids and at new cost."
)
CANCELLED = "Cancelled. What was done stays done."
KIND_IS_GONE = "This kind of plan is no longer part of the installation, so nothing can be done with the plan."
GETTING_READY = "It starts as soon as its rows are ready. Nothing has been sent yet."


def kind_choices() -> list[tuple[str, str]]:
    """Every kind of plan, for filters."""
    return [(kind.name, kind.title) for kind in all_kinds()]


def confirm(request: HttpRequest, plan: Plan) -> HttpResponse:
    """Step three: what will happen, once more, and what is asked before it starts."""
    _require_kind(request, plan)
    for right in rights_of_plan(plan):
        require(request, right)
    planned = counts_of(plan)[PlanRow.State.PLANNED]
    if plan.state != Plan.State.PREVIEW or not planned:
        messages.error(request, f"This plan is {plan.get_state_display()}: there is nothing to confirm.")
        return _back(plan)
    plans.note_day(plan, actor=actor_of(request)["actor"], now=database_clock.now())
    confirmation = confirmation_for(plan, planned=planned)
    form = _confirm_form(request, confirmation, plan)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data.get("reason", "")
        return _try(
            request,
            plan,
            lambda: plans.confirm(plan=plan, reason=reason, now=database_clock.now(), **actor_of(request)),
            said=(
                "Confirmed. A second person has to approve it now."
                if plan.needs_second_person
                else "Confirmed. It is being carried out."
            ),
        )
    return _confirm_page(
        request,
        plan,
        confirmation,
        form,
        title="Confirm",
        button=f"Update {planned:,} now" if not plan.needs_second_person else "Submit for approval",
        unread=f"Read the rows, then update {planned:,}" if not plan.needs_second_person else "",
    )


def approve(request: HttpRequest, plan: Plan) -> HttpResponse:
    """The second person's page."""
    require(request, Right.APPROVE_PLANS)
    if plan.state != Plan.State.WAITING:
        messages.error(request, f"This plan is {plan.get_state_display()}: there is nothing to approve.")
        return _back(plan)
    if plan.is_by(request.user.get_username()):
        messages.error(request, "You made this plan. A second person has to approve it.")
        return _back(plan)
    _ask_for_code(request, plan)
    confirmation = confirmation_for(plan, planned=counts_of(plan)[PlanRow.State.PLANNED])
    form = _confirm_form(request, confirmation, plan, has_reason=True)
    if request.method == "POST" and form.is_valid():
        return _try(
            request,
            plan,
            lambda: plans.approve(plan=plan, now=database_clock.now(), **actor_of(request)),
            said="Approved. It is being carried out.",
        )
    return _confirm_page(
        request, plan, confirmation, form, title="Approve", button=f"Approve {confirmation.planned:,} changes"
    )


def discard(request: HttpRequest, plan: Plan) -> HttpResponse:
    """Throw a preview away."""
    return _post(
        request,
        plan,
        lambda: plans.discard(plan=plan, now=database_clock.now(), **actor_of(request)),
        said="Discarded. Nothing was sent.",
    )


def check(request: HttpRequest, plan: Plan) -> HttpResponse:
    """Read the rows from the platform at once."""
    return _post(
        request,
        plan,
        lambda: plans.check_now(plan=plan, now=database_clock.now(), **actor_of(request)),
        said="The rows are being read from the platform.",
    )


def pause(request: HttpRequest, plan: Plan) -> HttpResponse:
    """Send nothing more for now."""
    return _post(
        request,
        plan,
        lambda: plans.pause(plan=plan, **actor_of(request)),
        said="Paused. What is on its way still ends.",
    )


def resume(request: HttpRequest, plan: Plan) -> HttpResponse:
    """Go on."""
    return _post(
        request,
        plan,
        lambda: plans.resume(plan=plan, now=database_clock.now(), **actor_of(request)),
        said="It goes on.",
        lets_send=True,
    )


def cancel(request: HttpRequest, plan: Plan) -> HttpResponse:
    """Send nothing more at all. Who may approve may also refuse a plan that waits for it."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not (plan.state == Plan.State.WAITING and has_right(request, Right.APPROVE_PLANS)):
        _require_kind(request, plan)
    reason = request.POST.get("reason", "").replace("\x00", "").strip()[:500]
    return _try(
        request,
        plan,
        lambda: plans.cancel(plan=plan, reason=reason, now=database_clock.now(), **actor_of(request)),
        said=CANCELLED if plan.started_at else "Cancelled. Nothing was sent.",
    )


def retry(request: HttpRequest, plan: Plan) -> HttpResponse:
    """A preview of what failed."""
    return _post(
        request,
        plan,
        lambda: plans.retry_failed(plan=plan, now=database_clock.now(), **actor_of(request)),
        said="This is the preview of what failed. Nothing has been sent yet.",
        lets_send=True,
    )


def revert(request: HttpRequest, plan: Plan) -> HttpResponse:
    """A preview of the way back, with a reason."""
    _require_kind(request, plan)
    _ask_for_code(request, plan)
    form = WhyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _try(
            request,
            plan,
            lambda: plans.revert(
                plan=plan, reason=form.cleaned_data["reason"], now=database_clock.now(), **actor_of(request)
            ),
            said="This is the preview of the way back. Nothing has been sent yet.",
        )
    is_anew = way_back_of(plan) == GIVE_ANEW
    context = {
        **admin.site.each_context(request),
        "title": GIVE_ANEW if is_anew else REVERT,
        "crumbs": _crumbs(plan),
        "form": form,
        "intro": GIVE_ANEW_INTRO if is_anew else REVERT_INTRO,
        "button": "Preview what is restored" if is_anew else "Preview the way back",
    }
    return TemplateResponse(request, "admin/form.html", context)


VIEWS: dict[str, VerbView] = {
    "confirm": confirm,
    "approve": approve,
    "discard": discard,
    "check": check,
    "pause": pause,
    "resume": resume,
    "cancel": cancel,
    "retry": retry,
    "revert": revert,
}


def _require_kind(request: HttpRequest, plan: Plan) -> None:
    kind = known_kind(plan)
    if kind is None:
        raise PermissionDenied(KIND_IS_GONE)
    require(request, kind.right, asks_code=False)  # whoever stops a plan is not held up


def _ask_for_code(request: HttpRequest, plan: Plan) -> None:
    """Raise FreshCodeNeeded before what lets members' credentials be sent, as at the start."""
    if ASKED_FOR.intersection(rights_of_plan(plan)):
        require_fresh_code(request)


def _confirm_form(
    request: HttpRequest, confirmation: Confirmation, plan: Plan, *, has_reason: bool = False
) -> ConfirmForm:
    data = request.POST if request.method == "POST" else None
    return ConfirmForm(data, request=request, confirmation=confirmation, has_reason=has_reason or bool(plan.reason))


def _confirm_page(
    request: HttpRequest,
    plan: Plan,
    confirmation: Confirmation,
    form: ConfirmForm,
    *,
    title: str,
    button: str,
    unread: str = "",
) -> HttpResponse:
    """`unread` is what the button says where the rows are read from the platform first."""
    now = database_clock.now()
    age = age_shown(plan, now=now)
    promise = promise_of(plan, age, now=now)
    counts = counts_of(plan)
    context = {
        **admin.site.each_context(request),
        "title": f"{title}: {plan.title}",
        "crumbs": _crumbs(plan),
        "steps": steps("confirm"),
        "plan": plan,
        "badge": outcome_of(plan, counts),
        "confirmation": confirmation,
        "skipped": counts[PlanRow.State.SKIPPED],
        "sums": sums_of(plan),
        "consequence": consequence_of(plan.kind),
        "warnings": common_warnings(plan),
        "forecast": forecast_of(plan, now=now),
        "cost_in_words": cost_in_words(plan),
        "is_unread": age.must_be_read,
        "promise": promise,
        "form": form,
        "button": unread if unread and age.must_be_read else button,
        "is_approval": plan.state == Plan.State.WAITING,
    }
    return TemplateResponse(request, "admin/operations/confirm.html", context)


def _crumbs(plan: Plan) -> list[tuple[str, str]]:
    return [
        ("Plans", reverse("admin:operations_plan_changelist")),
        (f"{plan.title} ({plan.pk})", plan_url(plan.pk)),
    ]


def _post(
    request: HttpRequest, plan: Plan, act: Callable[[], Plan], *, said: str, lets_send: bool = False
) -> HttpResponse:
    """A button of those who may make such a plan."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    _require_kind(request, plan)
    if lets_send:
        _ask_for_code(request, plan)
    return _try(request, plan, act, said=said)


def _try(request: HttpRequest, plan: Plan, act: Callable[[], Plan], *, said: str) -> HttpResponse:
    """Act, and show what came of it: the plan, a renewed preview, or why it cannot be done."""
    try:
        result = act()
    except (Conflict, InvalidFields, Refused) as problem:
        messages.error(request, problem.text)
        return _back(plan)
    if result.renewed_from_id == plan.pk:
        messages.warning(request, RENEWED)
    elif result.state == Plan.State.DRAFTING:
        messages.success(request, BEING_MADE)
    elif result.state == Plan.State.HELD and not result.is_being_prepared:
        messages.warning(request, HELD)
    elif result.is_being_prepared:
        messages.success(request, GETTING_READY)
    elif result.state == Plan.State.PAUSED and result.wait_why:
        messages.warning(request, result.wait_why)
    else:
        messages.success(request, said)
    return _back(result)


def _back(plan: Plan) -> HttpResponseRedirect:
    return HttpResponseRedirect(newest_url(plan))
