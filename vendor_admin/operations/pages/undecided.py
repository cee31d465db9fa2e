"""Both possibilities of an operation whose outcome only a person can tell, spelled out."""

from collections.abc import Sequence

from vendor_admin.operations.models import Operation, PlanRow
from vendor_admin.operations.store.rows import rows_of
from vendor_admin.operations.store.verdicts import Unusable, call_of
from vendor_admin.tradovate.catalogue.look_ups import Doubt

DOUBTS_SHOWN = 20


def doubts_of(operation: Operation, undecided: Sequence[PlanRow]) -> list[tuple[str, Doubt]]:
    """(what it is about, both possibilities) of every row that is in doubt; nothing where its call cannot be read."""
    try:
        write, request = call_of(operation)
    except Unusable:
        return []
    requests = write.split(request)
    rows = list(rows_of(operation.pk)[: len(requests)])
    if len(rows) == len(requests) and len(requests) > 1:
        open_ids = {row.pk for row in undecided}
        pairs = [(row.label, write.doubt(one)) for row, one in zip(rows, requests, strict=True) if row.pk in open_ids]
    else:
        pairs = [(", ".join(row.label for row in rows[:3]), write.doubt(one)) for one in requests]
    return pairs[:DOUBTS_SHOWN]
