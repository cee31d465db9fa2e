"""Everything one call can come to: statuses and bodies as they are answered, and calls without an answer.

With each stands whether the call may go out again although nobody has read what became of it.
"""

import enum
import itertools
import json

from vendor_admin.tradovate.answers import read_answer
from vendor_admin.tradovate.enums import NotSentKind
from vendor_admin.tradovate.operations import Operation
from vendor_admin.tradovate.outcomes import NotSent, Outcome, Unknown


class Resend(enum.Enum):
    ALWAYS = "it is proven that it was not executed"
    IF_HARMLESS = "the platform speaks of a dead session, which proves nothing"
    NEVER = "it may have been executed, or was refused"


WORDS_OF_SESSIONS = (
    "Expired Access Token",
    "Invalid access token",
    "The session has been closed",
    "Session expired while the entry was booked",
)
OTHER_WORDS = (
    "",
    "<html>gateway</html>",
    "Market session is closed",
    "The exchange session closed",
    "The trading session is closed",
    {"errorText": "No such account"},
)
GATEWAYS = (502, 503, 504, 520, 524, 599)
WRONG_HOST = (307, 308, 421)
REFUSALS = (300, 301, 302, 303, 304, 402, 405, 406, 409, 410, 413, 415, 422, 425, 431, 451)
NO_STATUS = (0, 99, 100, 103, 199, 600)
EVERY_WORD = (*WORDS_OF_SESSIONS, *OTHER_WORDS)

ANSWERS: tuple[tuple[int, object, Resend], ...] = (
    *((401, words, Resend.ALWAYS) for words in EVERY_WORD),
    *((status, words, Resend.ALWAYS) for status in (423, 429) for words in EVERY_WORD),
    *((status, words, Resend.ALWAYS) for status in WRONG_HOST for words in EVERY_WORD),
    *((404, words, Resend.NEVER if words else Resend.ALWAYS) for words in EVERY_WORD),
    *((408, words, Resend.IF_HARMLESS) for words in EVERY_WORD),
    *((status, words, Resend.IF_HARMLESS) for status in (400, 500) for words in WORDS_OF_SESSIONS),
    *((status, words, Resend.NEVER) for status in (400, 500) for words in OTHER_WORDS),
    *(
        (status, words, Resend.NEVER)
        for status in (403, *GATEWAYS, *REFUSALS, *NO_STATUS, 201, 202, 204)
        for words in EVERY_WORD
    ),
    *((200, {"errorText": words}, Resend.NEVER) for words in WORDS_OF_SESSIONS),
    *((200, words, Resend.NEVER) for words in EVERY_WORD),
    (200, {"ok": True}, Resend.NEVER),
    (200, {"ok": False}, Resend.NEVER),
    (200, {"results": [{"errorText": "Session expired"}]}, Resend.NEVER),
    (200, {"p-ticket": "t", "p-time": 5}, Resend.ALWAYS),
    (200, {"p-ticket": "t", "p-time": 5, "p-captcha": True}, Resend.ALWAYS),
    (500, {"p-ticket": "t", "p-time": 5}, Resend.NEVER),
)
WITHOUT_ANSWER: tuple[tuple[Outcome, Resend], ...] = (
    *((NotSent(kind, "why"), Resend.ALWAYS) for kind in NotSentKind),
    (Unknown("no answer from the host within 20 s"), Resend.NEVER),
    (Unknown("the connection to the host broke before an answer came"), Resend.NEVER),
)


def every_outcome_of(operation: Operation) -> list[tuple[str, Outcome, Resend]]:
    """(what came, what it is read as, whether it may be sent again) of all that a call can come to."""
    answered = (
        (f"{status} {body!r}", read_answer(operation, status=status, body=_raw(body)), resend)
        for status, body, resend in ANSWERS
    )
    not_answered = ((repr(outcome), outcome, resend) for outcome, resend in WITHOUT_ANSWER)
    return list(itertools.chain(answered, not_answered))


def _raw(body: object) -> bytes:
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()
