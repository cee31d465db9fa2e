"""Each list and each single read takes as many queries as query_counts.json says, however many rows there are.

What a change costs shows as a difference of that file. To write it anew: `QUERY_COUNTS=write pytest` of this file.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.partner_api.matrix.planted import Planted
from tests.partner_api.matrix.probe import put_plan, send
from tests.partner_api.matrix.table import TABLE, Row

COUNTS = Path(__file__).with_name("query_counts.json")
# The last page of events asks how far readers are behind; a page of one is not the last.
ENDS_WITH_ANOTHER = "GET events"
READS = {name: row for name, row in TABLE.items() if name.startswith("GET ")}


def test_each_read_takes_the_queries_that_are_written_down(ours: Planted, unlimited: None) -> None:
    found, faults = {}, []
    for name, row in READS.items():
        ids = put_plan(ours, row.plan)
        send(ours.program, name, row, ids=ids)  # some things are looked up once in a process, or once a minute
        found[name] = _queries(ours, name, row, ids=ids)
        of_one_row = _queries(ours, name, row, ids=ids, query="limit=1")
        if of_one_row not in (None, found[name]) and name != ENDS_WITH_ANOTHER:
            faults.append(f"{name}: {found[name]} queries for all rows, {of_one_row} for one")
    if os.environ.get("QUERY_COUNTS") == "write":
        COUNTS.write_text(json.dumps(found, indent=2, sort_keys=True) + "\n")
    assert not faults, "\n".join(faults)
    assert found == json.loads(COUNTS.read_text())


def _queries(ours: Planted, name: str, row: Row, *, ids: Mapping[str, str], query: str = "") -> int | None:
    """How many queries a request takes, from its key to its entry in the log; None where it takes no such parameter."""
    with CaptureQueriesContext(connection) as captured:
        answer = send(ours.program, name, row, ids=ids, query=query)
        if not answer.streaming:
            answer.close()  # then it is logged
    if query and answer.status_code == 400:
        return None
    assert answer.status_code == 200, f"{name}: {answer.status_code} {answer.content[:300]!r}"
    return len(captured)
