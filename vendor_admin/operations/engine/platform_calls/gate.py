"""What every thread asks right before a call goes out."""

import time
from collections.abc import Collection

from vendor_admin.operations.engine.platform_calls.calls import Session, is_refused, suspects_token
from vendor_admin.tradovate.outcomes import Locked, Outcome, Penalized, WrongHost

PROOF_SECONDS = 60.0


class Gate:
    """What may go out now: plans, tokens and hosts that are stopped, and the lane itself."""

    def __init__(self) -> None:
        self._closed_until: dict[str, float] = {}
        self._refused_tokens: set[str] = set()
        self._doubted_tokens: set[str] = set()
        self._proven_at: dict[str, float] = {}
        self._wrong_hosts: set[str] = set()
        self._stopped_plans: Collection[int] = ()
        self.ours_until = 0.0
        self._is_locked = False

    def extend(self, seconds: float, *, since: float | None = None) -> None:
        """The lane is ours for so long from now, or since then, by our own clock."""
        self.ours_until = (time.monotonic() if since is None else since) + seconds

    def close_after(self, outcome: Outcome, *, name: str, session: Session) -> None:
        """Let nothing through that the platform has just forbidden, nor to a host that serves somebody else."""
        if isinstance(outcome, Locked):
            self._is_locked = True
        elif suspects_token(outcome):
            self.doubt(session.token, is_refused=is_refused(outcome))
        elif isinstance(outcome, WrongHost):
            self._wrong_hosts.add(session.rest_url)
        elif isinstance(outcome, Penalized):
            self._closed_until[name] = time.monotonic() + outcome.wait_seconds

    def doubt(self, token: str, *, is_refused: bool = False) -> bool:
        """Hold what would go out with a token that may be dead, unless it was proven alive. Says whether it is held.

        Against words (not `is_refused`) any proof will do, against a refusal one of the last PROOF_SECONDS.
        """
        if not self.is_alive(token) if is_refused else token not in self._proven_at:
            self._doubted_tokens.add(token)
        return token in self._doubted_tokens

    def is_alive(self, token: str) -> bool:
        """Whether a harmless call with this token went through a moment ago: what it is refused is a missing right."""
        return time.monotonic() - self._proven_at.get(token, -PROOF_SECONDS) < PROOF_SECONDS

    def doubts(self, token: str) -> bool:
        """Whether a token is in doubt."""
        return token in self._doubted_tokens

    def refuse(self, token: str) -> None:
        """Let nothing through with this token any more."""
        self._refused_tokens.add(token)

    def end_doubt(self, token: str, *, is_proven: bool) -> None:
        """Let calls with this token through again; with proof that it is alive no words bring it in doubt any more."""
        if is_proven:
            self._proven_at[token] = time.monotonic()
        self._doubted_tokens.discard(token)

    def trust(self, rest_url: str) -> None:
        """Calls may go to a host: it is the one in use, and nothing is known against it."""
        self._wrong_hosts.discard(rest_url)

    def stop_plans(self, plan_ids: Collection[int]) -> None:
        """Let nothing of these plans through, which people paused or cancelled; others that were stopped go on."""
        self._stopped_plans = plan_ids

    def unlock(self) -> None:
        """What was locked is known to the database, which decides from here on. Only while no call is handed out."""
        self._is_locked = False

    def is_open(self, *, name: str, session: Session, plan_id: int) -> bool:
        now = time.monotonic()
        is_ours = now < self.ours_until and not self._is_locked and plan_id not in self._stopped_plans
        is_good = session.token not in self._refused_tokens and session.token not in self._doubted_tokens
        return (
            is_ours
            and is_good
            and session.rest_url not in self._wrong_hosts
            and now >= self._closed_until.get(name, 0.0)
        )
