"""Turns at what keeps a thread of a web process for long: sign-ins, exchanges and files, counted together.

Two of a process's eight threads (commands.py) stay with the other pages.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from vendor_admin.organizations.turns import Turns

OF_ALL = 6

_turns = Turns()


@contextmanager
def hold(work: str, *, most: int, cause: object, of_cause: int) -> Iterator[None]:
    """Hold a turn at a kind of work, which has `most` at once, `of_cause` of them for one cause. Raises NoTurn."""
    with _turns.hold({work: most, (work, cause): of_cause}, of_all=OF_ALL):
        yield
