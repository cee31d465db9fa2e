"""Every way a sign-in can go wrong, in plain words with a way on. Pure: no Django."""

import enum
from dataclasses import dataclass
from math import ceil

from vendor_admin.errors import Refused


class Problem(enum.StrEnum):
    """What went wrong, as a word for programs."""

    NOT_OPEN = "not_open"
    REFUSED = "refused"
    PLATFORM_ERROR = "platform_error"
    INCOMPLETE = "incomplete"
    NOT_STARTED_HERE = "not_started_here"
    FOREIGN = "foreign"
    LOST_SESSION = "lost_session"
    TOO_OLD = "too_old"
    USED = "used"
    CODE_REFUSED = "code_refused"
    MISCONFIGURED = "misconfigured"
    WRONG_HOST = "wrong_host"
    PLATFORM_DOWN = "platform_down"
    UNCLEAR = "unclear"
    WAIT = "wait"
    LOCKED = "locked"
    TOO_MANY = "too_many"
    TOO_MANY_BEGUN = "too_many_begun"
    NO_IDENTITY = "no_identity"
    UNKNOWN_USER = "unknown_user"
    OTHER_ORGANIZATION = "other_organization"
    CLOSED = "closed"
    BLOCKED = "blocked"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class ProblemPage:
    """What the page says: what happened, what it means, the next step. `may_start_again`: with a button for it.
    `comes_again`: the browser loads the page again when the wait is over.
    """

    status: int
    title: str
    meaning: str
    next_step: str
    may_start_again: bool = True
    comes_again: bool = False


class SignInFailed(Refused):
    """A sign-in ended without a session.

    `said` are the platform's words, `wait_seconds` how long trying again cannot help, `who` the user who signed in at
    the platform and `belongs_to` the organization that the platform names for them.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        said: str = "",
        wait_seconds: float | None = None,
        who: str = "",
        belongs_to: str = "",
    ) -> None:
        super().__init__(problem.value, code=problem.value)
        self.problem = problem
        self.said = said[:300]
        self.wait_seconds = wait_seconds
        self.who = who
        self.belongs_to = belongs_to


_ASK = "If it happens again, ask {organization} and tell them the word at the bottom of this page."

PAGES: dict[Problem, ProblemPage] = {
    Problem.NOT_OPEN: ProblemPage(
        404,
        "Sign-in is not open",
        "{organization} has not set up the sign-in with Tradovate yet, or has paused it.",
        "Nothing is wrong with your user. Ask {organization} when it opens.",
        may_start_again=False,
    ),
    Problem.REFUSED: ProblemPage(
        403,
        "You did not allow access",
        "On Tradovate's page you cancelled, or chose not to let {organization} read your accounts. Nothing was stored.",
        "To see your accounts here, sign in again and choose Allow. You can take it back at any time.",
    ),
    Problem.PLATFORM_ERROR: ProblemPage(
        502,
        "Tradovate could not finish the sign-in",
        "Its own page reported a fault and sent you back. Nothing was stored.",
        "Try again in a few minutes. " + _ASK,
    ),
    Problem.INCOMPLETE: ProblemPage(
        400,
        "Something was missing when you came back",
        "The address that led you here does not hold a complete answer from Tradovate, so nothing was done.",
        "Start again with the button below, not from a bookmark or an old link.",
    ),
    Problem.NOT_STARTED_HERE: ProblemPage(
        400,
        "This sign-in was not started here",
        "You came back without the mark that we give every sign-in. If somebody sent you this link, they may have "
        "wanted you to use their account without noticing. Nothing was done.",
        "If you want to sign in yourself, start with the button below.",
    ),
    Problem.FOREIGN: ProblemPage(
        400,
        "This sign-in belongs to somebody else",
        "It was begun in another browser or for another organization. If somebody sent you this link, they may have "
        "wanted you to use their account without noticing. Nothing was done.",
        "If you want to sign in yourself, start with the button below.",
    ),
    Problem.LOST_SESSION: ProblemPage(
        400,
        "Your browser forgot that it began to sign in",
        "You came back from Tradovate, but without our cookie. That happens when cookies are blocked or cleared, when "
        "a private window was closed, or when the sign-in was continued in another browser.",
        "Allow cookies for this site, then start again here and stay in this browser until the end.",
    ),
    Problem.TOO_OLD: ProblemPage(
        400,
        "This sign-in took too long",
        "For your safety a sign-in must be finished within ten minutes. Nothing was done.",
        "Start again; it takes a few seconds.",
    ),
    Problem.USED: ProblemPage(
        400,
        "This sign-in was used already",
        "Each sign-in works once. Pages that are loaded again, the back button and a second tab lead here. If another "
        "tab has just signed you in, everything is fine.",
        "Go to your accounts. If you are not signed in, you will be asked to.",
    ),
    Problem.CODE_REFUSED: ProblemPage(
        400,
        "Tradovate did not accept the sign-in",
        "What its page gave your browser is good for about a minute and for one use, in the browser that asked for it. "
        "It was too late, used before, or not meant for you. You are not signed in.",
        "Start again; it takes a few seconds. " + _ASK,
    ),
    Problem.MISCONFIGURED: ProblemPage(
        502,
        "The sign-in is not set up right",
        "Tradovate does not accept the settings that {organization} gave us. You did nothing wrong, and nothing was "
        "stored.",
        "Please tell {organization}: only they can mend it. Their staff see the reason under Member sign-in.",
    ),
    Problem.WRONG_HOST: ProblemPage(
        503,
        "Sign-in is not possible now",
        "Tradovate has moved {organization} to another address, and we still asked at the old one. You did nothing "
        "wrong, and nothing was stored.",
        "Please tell {organization}: their staff see under Member sign-in which address to change.",
    ),
    Problem.PLATFORM_DOWN: ProblemPage(
        503,
        "Tradovate does not answer",
        "We could not reach it to finish your sign-in. Perhaps it is under maintenance: that is usually around 16:00 "
        "to 17:00 Chicago time and at weekends. Nothing was stored.",
        "Try again in a few minutes.",
    ),
    Problem.UNCLEAR: ProblemPage(
        502,
        "No clear answer from Tradovate",
        "We asked it to finish your sign-in and got no clear answer. You are not signed in here. Nothing is asked for "
        "a second time behind your back.",
        "Starting again is safe. " + _ASK,
    ),
    Problem.WAIT: ProblemPage(
        503,
        "Tradovate asks us to wait",
        "Too many sign-ins came at once, so it takes the next one only after a short wait. You are not signed in.",
        "Wait {wait}, then start again.",
    ),
    Problem.LOCKED: ProblemPage(
        503,
        "Tradovate takes no sign-ins from us now",
        "It has counted too many requests and closed the door for a while. Each further try would prolong that, so "
        "none is made.",
        "Come back in {wait}.",
    ),
    Problem.TOO_MANY: ProblemPage(
        429,
        "Too many sign-ins failed",
        "From your network many sign-ins have failed within an hour. So that Tradovate does not lock everybody out, "
        "no more are tried for now.",
        "Come back in {wait}.",
    ),
    Problem.TOO_MANY_BEGUN: ProblemPage(
        429,
        "Too many sign-ins were begun",
        "From your network many sign-ins were begun within an hour, so no more are begun for now. Nothing was stored.",
        "Come back in {wait}.",
    ),
    Problem.NO_IDENTITY: ProblemPage(
        502,
        "Tradovate did not say who you are",
        "The sign-in worked, but its answer about your user did not come. What it gave us was thrown away.",
        "Try again in a minute. " + _ASK,
    ),
    Problem.UNKNOWN_USER: ProblemPage(
        403,
        "{organization} does not know this user",
        "You signed in at Tradovate as {who}. {organization} has no member with this user.",
        "If you were added within the last minutes, try again shortly. If you have several users at Tradovate, sign "
        "in with the one that {organization} gave you. Otherwise ask {organization}.",
    ),
    Problem.OTHER_ORGANIZATION: ProblemPage(
        403,
        "You belong to another organization",
        "You signed in at Tradovate as {who}, who belongs to {belongs_to} there. {organization} has no member with "
        "this user.",
        "Use the sign-in page of your own organization, or sign in with the user that {organization} gave you.",
    ),
    Problem.CLOSED: ProblemPage(
        403,
        "Your user is closed",
        "You signed in at Tradovate as {who}. There this user is closed or was removed from {organization}, so there "
        "is nothing to show.",
        "If that is a mistake, ask {organization}.",
        may_start_again=False,
    ),
    Problem.BLOCKED: ProblemPage(
        403,
        "Your access was switched off",
        "{organization} or the operator of this site has switched off the access of {who} to these pages.",
        "Ask {organization} why.",
        may_start_again=False,
    ),
    Problem.BUSY: ProblemPage(
        503,
        "Your sign-in waits for its turn",
        "Others are signing in at {organization} right now. You did nothing wrong, and nothing is lost.",
        "Leave this page open: it goes on by itself within a few seconds.",
        may_start_again=False,
        comes_again=True,
    ),
}


def words_of_wait(seconds: float | None) -> str:
    """How long to wait, rounded up, in words."""
    if seconds is None:
        return "a while"
    if seconds <= 90:
        return f"{max(2, ceil(seconds))} seconds"
    return f"{int(seconds // 60) + 1} minutes"
