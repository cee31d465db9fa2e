"""What each key may do by its scopes, and that nobody tells or changes anything of another organization."""

import json
from collections.abc import Mapping
from typing import Any

import psycopg
import pytest

from tests.partner_api.matrix.addresses import operations
from tests.partner_api.matrix.callers import Callers
from tests.partner_api.matrix.filters import FOREIGN, OF_NOBODY
from tests.partner_api.matrix.planted import Planted
from tests.partner_api.matrix.probe import (
    PARENT,
    Checksums,
    cursor_of,
    filled,
    foreign_paths,
    leaked,
    places,
    plans_nothing,
    put_plan,
    send,
    with_foreign,
)
from tests.partner_api.matrix.table import TABLE, Row


def test_each_method_needs_its_scope_and_no_other(ours: Planted, unlimited: None) -> None:
    callers, faults = Callers(ours), []
    nothing = callers.without_scopes()
    for name, row in TABLE.items():
        cells = {"no scope": (nothing, 403 if row.scope else row.own)}
        if row.scope:
            cells |= {
                "every other scope": (callers.without(row.scope, row.instead), 403),
                "its scope": (callers.with_scopes(*filter(None, (row.scope, row.also))), row.own),
            }
        for who, (program, status) in cells.items():
            answer = send(program, name, row, ids=put_plan(ours, row.plan))
            if (
                answer.status_code == 200
                and row.body is not None
                and row.has_dry_run
                and row.plans_something
                and plans_nothing(answer)
            ):
                faults.append(f"{name} with {who}: plans nothing {_said(answer)}")
            if answer.status_code != status:
                faults.append(f"{name} with {who}: {answer.status_code} instead of {status} {_said(answer)}")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("part", ["members", "accounts", "plans", "others"])
def test_nothing_of_another_organization_is_told_or_changed(
    walls: str, ours: Planted, theirs: Planted, admin_connection: psycopg.Connection, unlimited: None, part: str
) -> None:
    """The caller may do everything in its own organization, and names things of the other one wherever an id can be."""
    checksums, faults = Checksums(admin_connection, theirs.organization.pk), []
    ever_sent = ""  # the log of one's own requests tells it again
    rows = _rows_of(part)
    foreign = {
        name: put_plan(theirs, row.plan) | {"cursor": cursor_of(theirs, name, row)} for name, row in rows.items()
    }
    before = checksums.read()
    for name, row in rows.items():
        own_ids = put_plan(ours, row.plan)
        for what, sent, answer, status in _foreign_requests(ours, name, row, own=own_ids, other=foreign[name]):
            if answer.status_code != status if status else not plans_nothing(answer):
                faults.append(f"{name}, {what}: {answer.status_code} instead of {status} {_said(answer)}")
            ever_sent += f" {sent}"
            known = ever_sent if "requests" in name else sent
            faults += [f"{name}, {what}: tells {word}" for word in leaked(answer, theirs, sent=known)]
    after = checksums.read()
    faults += [f"{part}: changes {table}" for table in after if after[table] != before[table]]
    assert not faults, "\n".join(faults)


def test_what_is_looked_for_is_there_to_be_found(ours: Planted, theirs: Planted, unlimited: None) -> None:
    """Whoever may see it is told the words by which a leak would be noticed: else the test above proves nothing."""
    silent = []
    for name, row in TABLE.items():
        if not name.startswith("GET") or name.split(" ")[1].partition("/")[0] in ("me", "plan-kinds"):
            continue
        answer = send(theirs.program, name, row, ids=put_plan(theirs, row.plan))
        if answer.status_code != 200 or not leaked(answer, theirs, sent=""):
            silent.append(f"{name}: {answer.status_code}")
    assert not silent, "\n".join(silent)


def _foreign_requests(ours: Planted, name: str, row: Row, *, own: Mapping[str, str], other: Mapping[str, str]) -> Any:
    """Every way to name a thing of the other organization in one row: (how, what was said, answer, status)."""
    method, _ = name.split(" ")
    for dry in (True,) if method == "GET" else (True, False):
        for ids in foreign_paths(name, row, own=own, other=other):
            body = filled(row.body, own) if row.body else None
            answer = send(ours.program, name, row, ids=ids, body=body, dry=dry)
            yield "foreign id in the path", other[row.id or PARENT], answer, row.foreign
        for place in places(row.body or {}):
            body = with_foreign(row.body, place, own=own, other=other)
            answer = send(ours.program, name, row, ids=own, body=body, dry=dry)
            yield f"foreign {'/'.join(map(str, place))}", json.dumps(body), answer, None
    yield from _foreign_queries(ours, name, row, own=own, other=other)


def _foreign_events(ours: Planted, name: str, row: Row, *, own: Mapping[str, str], other: Mapping[str, str]) -> Any:
    for query in ("limit=1000", f"account={other['account']}", f"member={other['member']}"):
        answer = send(ours.program, name, row, ids=own, query=query)
        yield query, query, answer, 200
    # It is a place in the log of all: behind it there are one's own events alone.
    yield "foreign cursor", "", send(ours.program, name, row, ids=own, query=f"after={other['cursor']}"), 200


def _foreign_queries(ours: Planted, name: str, row: Row, *, own: Mapping[str, str], other: Mapping[str, str]) -> Any:
    if name == "GET events":
        yield from _foreign_events(ours, name, row, own=own, other=other)
    view = next(one.view for one in operations() if one.name == name)
    if not name.startswith("GET") or not hasattr(view, "filterset_class") or "{id}" in name.removesuffix("/rows"):
        return
    for parameter in _filters(view):
        needs = view.filterset_class.needs.get(parameter, ())[:1]
        words = {one: _foreign_value(one, name, other) for one in (parameter, *needs)}
        query = "&".join(f"{one}={word}" for one, word in words.items())
        answer = send(ours.program, name, row, ids=own, query=query)
        yield f"?{query}", query, answer, 200
    everything = send(ours.program, name, row, ids=own, query="limit=200")
    yield "everything", "", everything, 200
    if other["cursor"]:
        yield "foreign cursor", "", send(ours.program, name, row, ids=own, query=f"cursor={other['cursor']}"), 400
    for order in ("organization_id", "organization", "-organization__name"):
        yield f"order by {order}", "", send(ours.program, name, row, ids=own, query=f"order_by={order}"), 400
    yield (
        "organization",
        "",
        send(ours.program, name, row, ids=own, query=f"organization_id={other['organization']}"),
        400,
    )


def _rows_of(part: str) -> dict[str, Row]:
    parts = ("members", "accounts", "plans")
    first = {name: name.split(" ")[1].partition("/")[0] for name in TABLE}
    return {name: row for name, row in TABLE.items() if (first[name] if first[name] in parts else "others") == part}


def _filters(view: Any) -> list[str]:
    return list(view.filterset_class.base_filters) if hasattr(view, "filterset_class") else []


def _foreign_value(parameter: str, name: str, other: Mapping[str, str]) -> str:
    one = TABLE.get(f"{name}/{{id}}")
    thing = other[one.id] if one and one.id else "1"
    special = OF_NOBODY.get(f"{name.removeprefix('GET ')}?{parameter}")
    return str(filled(special or FOREIGN.get(parameter) or OF_NOBODY[parameter], {**other, "thing": thing}))


def _said(answer: Any) -> str:
    return "" if answer.streaming else answer.content.decode()[-400:]
