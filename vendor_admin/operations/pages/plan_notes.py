"""What the page of a plan says about where it stands: what a worker does with it, and why nothing goes on."""

from dataclasses import dataclass
from datetime import datetime

from vendor_admin.operations.models import Plan

UNTIL_THEN = (
    "If the rows are as shown here, the plan starts by itself; if they are not, you get a new preview. Until then you "
    "can cancel it."
)


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker does with all rows of a plan: the name of its bar, and what it means for whoever looks."""

    label: str
    doing: str


@dataclass(frozen=True, slots=True)
class Note:
    """A few sentences about a plan, with a time in their middle where there is one."""

    lead: str = ""
    text: str = ""
    at: datetime | None = None
    after: str = ""
    is_warning: bool = True
    is_followed: bool = False  # it may change any second, so the page says as of when it is


def work_before_start(plan: Plan) -> Work | None:
    """What a worker does with the rows of a plan that has not started; None where it does nothing."""
    if plan.state == Plan.State.DRAFTING:
        return Work("Rows previewed", "The preview is being made. You can leave this page and come back.")
    if plan.state == Plan.State.CANCELLED:
        return Work("Rows cancelled", "The rows are being cancelled. Nothing was sent.")
    if plan.is_being_prepared:
        return Work(
            "Ready to start",
            "Nothing has been sent. The rows are compared with the platform again and made ready. Then the plan "
            "starts; if rows have changed, you get a new preview instead. Until then you can cancel it.",
        )
    return None


def work_since_start(plan: Plan) -> Work | None:
    """What a worker does with the rows of a plan that has started; None where it only sends them."""
    if plan.state == Plan.State.CANCELLED and plan.check_at is not None:
        return Work("Rows cancelled", "The rows that wait are being cancelled. Nothing more is sent.")
    if plan.is_interrupted and plan.work_total:
        doing = "The rows that wait are being compared with the platform. What has not changed there goes on then."
        return Work("Rows compared", doing)
    return None


def note_before_start(plan: Plan, *, is_unread: bool, now: datetime) -> Note | None:
    """Of when the rows are that a plan shows which has not started, and what it waits for."""
    if plan.state == Plan.State.DRAFTING:
        return Note(text=plan.wait_why) if plan.wait_why else None
    if plan.state == Plan.State.CANCELLED or plan.is_being_prepared:
        return None
    if plan.state == Plan.State.HELD:
        return _note_of_held(plan, now=now)
    if plan.check_at is not None:
        after = " What is shown here may be old; it is replaced by a new preview if the platform says something else."
        return Note("The rows are being read from the platform.", plan.wait_why, after=after)
    if plan.wait_why and is_unread:
        after = " The rows are read from the platform before anything is sent."
        return Note("May be old.", plan.wait_why, after=after)
    if plan.read_at is not None:
        text = "These rows were read from the platform itself,"
        return Note(text=text, at=plan.read_at, after=".", is_warning=False)
    return None


def _note_of_held(plan: Plan, *, now: datetime) -> Note:
    lead = "Nothing has been sent."
    if plan.check_claimed_until is not None and plan.check_claimed_until > now:
        text = f"{plan.wait_why} Its rows are being read from the platform right now."
        return Note(lead, text, after=f" {UNTIL_THEN}", is_followed=True)
    if plan.check_at is not None and plan.check_at > now:
        after = f", or as soon as everything is live again. {UNTIL_THEN}"
        return Note(lead, f"{plan.wait_why} Read again at", plan.check_at, after, is_followed=True)
    text = f"{plan.wait_why} Its rows are read from the platform in a moment."
    return Note(lead, text, after=f" {UNTIL_THEN}", is_followed=True)


def note_of_end(plan: Plan) -> Note | None:
    """Why this service ended or paused a plan; None where people did, or where it goes on."""
    if not plan.wait_why:
        return None
    if plan.state == Plan.State.PAUSED:
        return Note("Paused.", plan.wait_why)
    if plan.state == Plan.State.CANCELLED:
        when = "" if plan.started_at else ", before anything was sent"
        return Note(f"Ended by this service{when}.", plan.wait_why)
    return None


def was_never_sent(plan: Plan) -> bool:
    """Whether a plan was confirmed and stopped before any of it was sent."""
    stopped = (Plan.State.STALE, Plan.State.CANCELLED, Plan.State.PAUSED)
    return plan.confirmed_at is not None and plan.started_at is None and plan.state in stopped


def is_in_motion(plan: Plan) -> bool:
    """Whether the rows of a plan change while somebody looks at its page."""
    return plan.state in (Plan.State.RUNNING, Plan.State.PAUSED)
