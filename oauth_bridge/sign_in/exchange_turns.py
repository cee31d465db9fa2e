"""Turns at finishing sign-ins. A host that hangs keeps the thread that asks it, so few threads of the pages ask.

Nobody waits for a turn in a thread: the browser comes again (problems.Problem.BUSY).
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from oauth_bridge.problems import Problem, SignInFailed
from vendor_admin.organizations import web_turns
from vendor_admin.organizations.turns import NoTurn

OF_ONE_ORGANIZATION = 2
# Another organization finds one beside a host that hangs; with all files being made, staff still sign in.
AT_ONCE = 3
COME_AGAIN_SECONDS = 2.0


@contextmanager
def turn(organization_id: int) -> Iterator[None]:
    """Hold a turn of an organization. Raises SignInFailed where all are taken."""
    with ExitStack() as held:
        try:
            held.enter_context(
                web_turns.hold("exchange", most=AT_ONCE, cause=organization_id, of_cause=OF_ONE_ORGANIZATION)
            )
        except NoTurn:
            raise SignInFailed(Problem.BUSY, wait_seconds=COME_AGAIN_SECONDS) from None
        yield
