"""How much of everything an installation holds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """`members` and what they have, of one organization; months are of the event log."""

    members: int
    accounts: int
    orders: int
    events: int
    months: int
    operations: int
    plan_rows: int
    audit: int
    busy_share: int = 20  # every so many orders and events are of one busy account
    planned: int = 300  # accounts of a plan: so many that workers make its rows
    exported: int = 2_000  # rows of a list that are read of its CSV
    flushed: int = 4_000  # events


SMALL = Size(
    members=2_000,
    accounts=6_000,
    orders=20_000,
    events=40_000,
    months=3,
    operations=4_000,
    plan_rows=1_000,
    audit=2_000,
)
HUGE = Size(
    members=200_000,
    accounts=600_000,
    orders=5_000_000,
    events=20_000_000,
    months=14,
    operations=1_000_000,
    plan_rows=50_000,
    audit=300_000,
    planned=100_000,
    exported=100_000,
    flushed=100_000,
)
# The other organizations of the installation, next to the large one. Pages are asked for in the little one as well,
# steps are done in the medium one: it is large enough for what workers do, and for lists over REST.
MEDIUM = Size(
    members=1_000, accounts=6_000, orders=8_000, events=5_000, months=1, operations=500, plan_rows=100, audit=200
)
LITTLE = Size(members=60, accounts=120, orders=200, events=400, months=1, operations=60, plan_rows=20, audit=60)

SIZES = {"small": SMALL, "huge": HUGE}
