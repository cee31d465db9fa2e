"""What to do after a socket ended: how long to stay away, with which token, and what to tell staff.

Pure decisions: time, chance and history come in as arguments. Delays grow from one second to a minute with full
jitter, so that many sockets do not come back at once; the platform's own waits (an hour after 429 and 423, the
ticket's wait, minutes after a quota, the end of maintenance) are always longer than its least.
Sources: partner pages on rate limits, penalty tickets, error handling, maintenance windows and web sockets.
"""

import random as random_numbers
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vendor_admin.tradovate.enums import NotSentKind, ShutdownReason
from vendor_admin.tradovate.events import PeerClosed, PeerSilent, Penalty, Refused, Shutdown
from vendor_admin.tradovate.outcomes import (
    Locked,
    NotSent,
    Outcome,
    Penalized,
    Rejected,
    Unauthorized,
    Unknown,
    WrongHost,
)
from vendor_admin.tradovate.rest.authentication import SignInProblem, sign_in_problem_of
from vendor_admin.tradovate.socket.short_lives import ADVICE, MANY, in_words, pause_seconds
from vendor_admin.tradovate.trading_calendar import CENTRAL, MAINTENANCE_MARGIN, maintenance_window

FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 60.0
QUOTA_DELAY_SECONDS = 300.0
REFUSED_DELAY_SECONDS = 300.0
LOCK_SECONDS = 3600.0
MAINTENANCE_TRY_SECONDS = 600.0
"""In the usual hours one socket of an installation tries so often whether maintenance has ended."""
UNUSUAL_MAINTENANCE_TRY_SECONDS = 60.0
IN_MAINTENANCE = "The platform is in maintenance"
"""How the reason of such a wait begins."""
LOGINS_AN_HOUR_WHEN_REFUSED = 3
FRESH_TOKENS_BEFORE_STOPPING = 2

_JITTER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """The connection broke, or could not be made (`kind` then says how), without a word of the protocol."""

    reason: str
    kind: NotSentKind | None = None


@dataclass(frozen=True, slots=True)
class SignInFailed:
    """A login (not a renewal: after that a login is tried) gave no token; `outcome` is what it came to."""

    outcome: Outcome


Ending = Shutdown | Refused | Penalty | PeerClosed | PeerSilent | ConnectionLost | SignInFailed


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Try again in `delay_seconds`, or not at all until the connection is changed (`stops`).

    `needs_fresh_token` asks for a new login: the present token will not do. `reason` and `advice` are for staff.
    `penalty_ticket` goes with the next try of the same step. `locked_seconds` is the part of the delay that the
    platform demands (after 429, 423, a captcha, a penalty ticket): a try within it would make it longer. `seeks_host`:
    the host does not serve the organization; if another is known or can be learned, go on there at once.
    `shared_try_seconds`: meanwhile one of all sockets at the address tries so often, and the others follow it.
    `is_away`: the platform gave no answer, or none that can be used, before a socket could be opened.
    """

    delay_seconds: float
    reason: str
    advice: str
    needs_fresh_token: bool = False
    stops: bool = False
    penalty_ticket: str | None = None
    locked_seconds: float = 0.0
    seeks_host: bool = False
    shared_try_seconds: float = 0.0
    is_away: bool = False

    def __repr__(self) -> str:
        return f"<Reconnect in {self.delay_seconds:.1f} s, stops={self.stops}: {self.reason}>"


def decide_reconnect(
    ending: Ending,
    *,
    attempt: int,
    now: datetime,
    random: random_numbers.Random,
    refused_fresh_tokens: int = 0,
    lock_seconds: float = LOCK_SECONDS,
    short_lives: int = 0,
    lived_seconds: float = 0.0,
    has_maintenance_hours: bool = False,
) -> Reconnect:
    """Decide what follows an ending. `now` is aware.

    `attempt` counts the tries since the socket was last live, from 1; `refused_fresh_tokens` counts the freshly made
    tokens that were refused since then: two, and it stops. `lock_seconds` is the length of the platform's hour.
    `short_lives` counts the connections in a row that ended at once, where this was one of them, after `lived_seconds`.
    With `has_maintenance_hours` a platform that is away in them, and still at the second try, is taken to be in
    maintenance, without having said so.
    """
    decision = _by_ending(ending, attempt, now, random, refused_fresh_tokens, lock_seconds)
    if has_maintenance_hours and _is_away(ending):
        decision = held_by_maintenance(decision, attempt=attempt, now=now, random=random)
    if short_lives < MANY or decision.stops:
        return decision
    return slowed_down(decision, short_lives=short_lives, lived_seconds=lived_seconds, random=random)


def held_by_maintenance(
    decision: Reconnect, *, attempt: int, now: datetime, random: random_numbers.Random
) -> Reconnect:
    """The same in the platform's usual maintenance, from the second try on: it waits for that to end, with all others.

    What the platform locked, what stops and what seeks another host has waits of its own.
    """
    is_other = decision.stops or decision.locked_seconds or decision.seeks_host
    if attempt <= 1 or is_other or maintenance_window(now) is None:
        return decision
    return _after_maintenance(f" {decision.reason}", attempt, now, random)


def slowed_down(
    decision: Reconnect, *, short_lives: int, lived_seconds: float | None, random: random_numbers.Random
) -> Reconnect:
    """The same after many short lives in a row: minutes later, and told as the pattern that it is."""
    delay = max(decision.delay_seconds, pause_seconds(short_lives, random))
    pattern = in_words(short_lives, lived_seconds=lived_seconds)
    reason = f"{pattern}, so the next try is in {max(delay / 60, 1):.0f} minutes. {decision.reason}".strip()
    return replace(decision, delay_seconds=delay, reason=reason, advice=ADVICE)


def counts_as_life(ending: Ending, *, was_live: bool) -> bool:
    """Whether a connection that was opened, and ended so, was let in: what ends by the platform's plan or is refused
    has waits of its own.
    """
    if isinstance(ending, Shutdown):
        return ending.reason_code != ShutdownReason.MAINTENANCE
    return was_live or isinstance(ending, PeerClosed | PeerSilent | ConnectionLost)


def _by_ending(
    ending: Ending,
    attempt: int,
    now: datetime,
    random: random_numbers.Random,
    refused_fresh_tokens: int,
    lock_seconds: float,
) -> Reconnect:
    match ending:
        case Shutdown():
            return _after_shutdown(ending, attempt=attempt, now=now, random=random)
        case Refused(status=401 | 403 | 408):
            return _after_refused_token(ending, attempt, random, refused_fresh_tokens)
        case Refused(status=423 | 429):
            return _after_lock(ending.status, random, lock_seconds)
        case Refused() if ending.is_of_wrong_host:
            return _after_wrong_host(ending, random, lock_seconds)
        case Refused():
            return _after_refusal(ending, attempt, random)
        case Penalty():
            return _after_penalty(ending.ticket, ending.wait_seconds, ending.captcha, random, lock_seconds)
        case SignInFailed():
            return _after_sign_in(ending.outcome, attempt=attempt, random=random, lock_seconds=lock_seconds)
        case PeerSilent():
            reason = f"Nothing was heard from the platform for {ending.silent_seconds:.0f} seconds."
            return Reconnect(backoff_seconds(attempt, random), reason, _BY_ITSELF)
        case PeerClosed():
            said = f": {ending.reason}" if ending.reason else ""
            reason = f"The platform closed the connection (code {ending.code}){said}."
            return Reconnect(backoff_seconds(attempt, random), reason, _BY_ITSELF)
        case ConnectionLost():
            return _after_loss(ending, attempt, random)


def backoff_seconds(attempt: int, random: random_numbers.Random) -> float:
    """Draw a delay with full jitter: anything up to 1, 2, 4 ... 60 seconds for attempt 1, 2, 3 and on."""
    doublings = min(max(attempt, 1) - 1, 16)
    return random.uniform(0, min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2**doublings))


_BY_ITSELF = "Nothing to do: it is tried again by itself."
_ONE_TRIES = (
    "Nothing to do: one socket of this installation tries now and then whether it has ended earlier, and the others"
    " follow it."
)
_ADVICE_BY_KIND = {
    NotSentKind.DNS: "Check the addresses of the connection: the host name is not known.",
    NotSentKind.REFUSED: "Check the addresses of the connection and whether this machine may reach the platform.",
    NotSentKind.TLS: "Check the address and the certificates of this machine; a proxy may stand between.",
    NotSentKind.TIMEOUT: "Check whether this machine may reach the platform; otherwise it is tried again by itself.",
}
_CHECK_SCOPES = "Check the API key's permissions in the platform's dashboards (a new key has none), then save it here."
_CHECK_ADDRESS = "Check the addresses of the connection."
_HOURLY = "It is tried again once an hour."
_CHECK_KEY = "Check user name, password and API key, then save the connection; nothing is tried until then."


def _after_loss(ending: ConnectionLost, attempt: int, random: random_numbers.Random) -> Reconnect:
    advice = _BY_ITSELF if ending.kind is None else _ADVICE_BY_KIND[ending.kind]
    return Reconnect(backoff_seconds(attempt, random), f"The connection failed: {ending.reason}.", advice)


def _after_shutdown(ending: Shutdown, *, attempt: int, now: datetime, random: random_numbers.Random) -> Reconnect:
    said = f" ({ending.reason})" if ending.reason else ""
    match ending.reason_code:
        case ShutdownReason.MAINTENANCE:
            return _after_maintenance(f" It said: {ending.reason}." if said else "", attempt, now, random)
        case ShutdownReason.CONNECTION_QUOTA_REACHED:
            reason = f"The platform closed this socket because the user has too many connections{said}."
            advice = "Look for another program, or a person, that uses the same API user."
            return Reconnect(QUOTA_DELAY_SECONDS + _jitter(random), reason, advice)
        case ShutdownReason.IP_QUOTA_REACHED:
            reason = f"The platform closed this socket because the user connects from too many addresses{said}."
            advice = "Look for other machines that use the same API user, or let all leave by one address."
            return Reconnect(QUOTA_DELAY_SECONDS + _jitter(random), reason, advice)
        case code:
            reason = f"The platform shut the socket down: {code or 'no reason given'}{said}."
            return Reconnect(backoff_seconds(attempt, random), reason, _BY_ITSELF)


def _after_maintenance(said: str, attempt: int, now: datetime, random: random_numbers.Random) -> Reconnect:
    window = maintenance_window(now, margin=MAINTENANCE_MARGIN)
    if window is None or window[1] <= now:
        reason = f"{IN_MAINTENANCE} outside its usual hours.{said}"
        if attempt <= 1:
            return Reconnect(LONGEST_DELAY_SECONDS / 2 + backoff_seconds(attempt, random), reason, _BY_ITSELF)
        pause = UNUSUAL_MAINTENANCE_TRY_SECONDS
        return Reconnect(LOCK_SECONDS + _jitter(random), reason, _ONE_TRIES, shared_try_seconds=pause)
    until = (window[1] - now) / timedelta(seconds=1)
    local = window[1].astimezone(CENTRAL)
    reason = f"{IN_MAINTENANCE}, usually until {window[1]:%Y-%m-%d %H:%M} UTC ({local:%H:%M} CT).{said}"
    return Reconnect(until + _jitter(random), reason, _ONE_TRIES, shared_try_seconds=MAINTENANCE_TRY_SECONDS)


def _is_away(ending: Ending) -> bool:
    match ending:
        case PeerClosed() | PeerSilent() | ConnectionLost():
            return True
        case Refused(status=status):
            return status == 0 or status >= 500
        case SignInFailed(outcome=NotSent() | Unknown()):
            return True
    return False


def _after_refused_token(
    ending: Refused, attempt: int, random: random_numbers.Random, refused_fresh_tokens: int
) -> Reconnect:
    reason = f"The platform refused {ending.step} with {ending.status}: {ending.text or 'no reason given'}."
    if ending.status == 403:  # about rights: another token has no others
        return Reconnect(backoff_seconds(attempt, random), reason, _CHECK_SCOPES)
    if refused_fresh_tokens >= FRESH_TOKENS_BEFORE_STOPPING:
        reason = f"{reason} Fresh tokens were refused {refused_fresh_tokens} times."
        return Reconnect(0.0, reason, _CHECK_SCOPES, needs_fresh_token=True, stops=True)
    return Reconnect(backoff_seconds(attempt, random), reason, "A fresh token is tried first.", needs_fresh_token=True)


def _after_lock(status: int, random: random_numbers.Random, lock_seconds: float) -> Reconnect:
    reason = f"The platform locked this user or address ({status}): too many calls or failed logins."
    advice = "Leave it alone: each further call starts the hour anew. Look for other programs with the same key."
    return Reconnect(lock_seconds + _jitter(random, lock_seconds), reason, advice, locked_seconds=lock_seconds)


def _after_wrong_host(ending: Refused, random: random_numbers.Random, lock_seconds: float) -> Reconnect:
    said = f" and pointed to {ending.points_to}, which is not followed" if ending.points_to else ""
    reason = f"The host does not serve this organization: it answered {ending.status} to {ending.step}{said}."
    advice = f"{_CHECK_ADDRESS} {_HOURLY}"
    return Reconnect(lock_seconds + _jitter(random, lock_seconds), reason, advice, seeks_host=True)


def _after_refusal(ending: Refused, attempt: int, random: random_numbers.Random) -> Reconnect:
    said = ending.text or "no reason given"
    if ending.status == 0 or ending.status >= 500:
        reason = f"The platform did not carry out {ending.step} ({ending.status or 'no answer'}): {said}."
        return Reconnect(backoff_seconds(attempt, random), reason, _BY_ITSELF)
    reason = f"The platform refused {ending.step} with {ending.status}: {said}."
    advice = "Check the addresses of the connection, its entity types and shards; it is tried again every few minutes."
    return Reconnect(REFUSED_DELAY_SECONDS + _jitter(random), reason, advice)


def _after_penalty(
    ticket: str, wait_seconds: float, captcha: bool, random: random_numbers.Random, lock_seconds: float
) -> Reconnect:
    if captcha:
        reason = "The platform asks for a captcha, which no program can answer."
        advice = "Sign in to the platform by hand once, or wait: it is tried again after an hour."
        locked = max(lock_seconds, wait_seconds)
        return Reconnect(locked + _jitter(random, lock_seconds), reason, advice, locked_seconds=locked)
    reason = f"The platform asks to wait {wait_seconds:g} seconds: too many calls of one kind from this address."
    delay = wait_seconds + backoff_seconds(1, random)
    return Reconnect(delay, reason, _BY_ITSELF, penalty_ticket=ticket, locked_seconds=wait_seconds)


def _after_sign_in(outcome: Outcome, *, attempt: int, random: random_numbers.Random, lock_seconds: float) -> Reconnect:
    match outcome:
        case Penalized():
            return _after_penalty(outcome.ticket, outcome.wait_seconds, outcome.captcha, random, lock_seconds)
        case Locked():
            return _after_lock(outcome.status, random, lock_seconds)
        case NotSent():
            return _after_loss(ConnectionLost(outcome.reason, outcome.kind), attempt, random)
        case WrongHost():
            delay = lock_seconds + _jitter(random, lock_seconds)
            return Reconnect(delay, f"Signing in failed: {outcome.text}.", f"{_CHECK_ADDRESS} {_HOURLY}")
        case Unknown():
            delay = REFUSED_DELAY_SECONDS + _jitter(random)
            return Reconnect(delay, f"Signing in got no answer: {outcome.reason}.", _BY_ITSELF)
        case Unauthorized(text=text) | Rejected(error_text=text):
            return _after_refused_login(sign_in_problem_of(outcome), text or "no reason given", random, lock_seconds)
    raise ValueError("a login that succeeded is no ending")


def _after_refused_login(
    problem: SignInProblem, text: str, random: random_numbers.Random, lock_seconds: float
) -> Reconnect:
    match problem:
        case SignInProblem.WRONG_CREDENTIALS:
            return _stop(f"The platform does not accept user name, password or key: {text}.", _CHECK_KEY)
        case SignInProblem.APP_NOT_REGISTERED:
            advice = "Check app id, cid and secret, and that the key belongs to this host (staging or production)."
            return _stop(f"The platform does not know this API key: {text}.", advice)
        case SignInProblem.NOT_PERMITTED:
            return _stop(f"The platform does not let this key sign in: {text}.", _CHECK_SCOPES)
        case SignInProblem.LOCKED | SignInProblem.CAPTCHA:
            lock = _after_lock(423, random, lock_seconds)
            return replace(lock, reason=f"The platform locked this user: {text}.")
    delay = lock_seconds / LOGINS_AN_HOUR_WHEN_REFUSED + _jitter(random, lock_seconds)
    return Reconnect(delay, f"Signing in failed: {text}.", f"{_CHECK_ADDRESS} It is tried again a few times an hour.")


def _stop(reason: str, advice: str) -> Reconnect:
    """Five failed logins an hour lock the whole address, so what can only fail again is not repeated."""
    return Reconnect(0.0, reason, advice, needs_fresh_token=True, stops=True)


def _jitter(random: random_numbers.Random, most: float = _JITTER_SECONDS) -> float:
    return random.uniform(0, min(most, _JITTER_SECONDS))
