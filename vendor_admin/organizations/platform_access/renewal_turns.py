"""Turns at renewing tokens: of the threads that do it, one organization and one host hold a part at most, however slow.

Who gets no turn is asked for anew, so no thread waits.
"""

from contextlib import AbstractContextManager

from vendor_admin.organizations.turns import Turns
from vendor_admin.tradovate.api_hosts import origin_of

# Of the eight threads of the role `tokens` (commands.py). A host that all organizations use leaves some to mails,
# notices and checks.
OF_ONE_ORGANIZATION, OF_ONE_HOST = 4, 6

_turns = Turns()


def turn(*, organization_id: int, url: str) -> AbstractContextManager[None]:
    """Hold a turn of an organization at a host. Raises NoTurn."""
    return _turns.hold({organization_id: OF_ONE_ORGANIZATION, origin_of(url): OF_ONE_HOST})
