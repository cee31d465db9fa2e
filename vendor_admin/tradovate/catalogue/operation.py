"""One operation of the platform, as data."""

from dataclasses import dataclass

from vendor_admin.tradovate.enums import Environment

BOTH = frozenset(Environment)
LIVE_ONLY = frozenset({Environment.LIVE})
DEMO_ONLY = frozenset({Environment.DEMO})

MOST_IDS_IN_A_CALL = 10
"""`items` and `ldeps` with more ids were seen to answer an empty 404 (report of an integrator, 2026-09)."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What must be known before a call is made.

    `path` has no leading slash and no version: it is the endpoint of a socket request as it stands (with look-up
    parameters on the query line), and is joined to the base address over REST. `most_ids` is how many ids one call
    may name. `hourly_limit` counts calls per address (only failed ones when `counts_successes` is false) in a
    sliding hour; None means only the general limits hold. `back_off_seconds` is how far apart the platform wants them
    once it complains. `harmless_to_repeat` says that sending it twice does no more than sending it once.
    `waits_for_maintenance` says that the platform advises against it while its nightly maintenance runs.
    `names_hosts` says that its answer may name the organization's hosts (`apiHosts`).
    `gives_list` says that its answer holds as many entities as there are, so that it may be long.
    `needs_token` is False for what is called to get a token: no answer to it is about a session.
    """

    path: str
    method: str
    environments: frozenset[Environment] = BOTH
    harmless_to_repeat: bool = False
    most_ids: int | None = None
    hourly_limit: int | None = None
    counts_successes: bool = True
    back_off_seconds: float = 0.0
    waits_for_maintenance: bool = False
    needs_token: bool = True
    names_hosts: bool = False
    gives_list: bool = False
