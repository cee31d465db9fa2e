"""Sends the requests of the matrix, and notes what came back that must not, or changed that must not."""

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

import psycopg
from psycopg import sql

from tests.partner_api.matrix.planted import Planted
from tests.partner_api.matrix.table import Row
from tests.support.partner_api.program import ApiProgram
from tests.tenancy.catalog import walled_tables
from vendor_admin.operations.models import Operation, Plan, PlanRow
from vendor_admin.organizations.tenancy.scope import organization_scope

BASE = "/api/v1/"
PARENT = "webhook"
"""What an address with two ids names first."""
_numbers = itertools.count(1)
_PLACE = re.compile(r"\{(\w+)\}")


def filled(value: Any, ids: Mapping[str, str]) -> Any:
    """A value of the table with real ids in it."""
    if isinstance(value, str):
        return _PLACE.sub(lambda found: ids[found[1]], value)
    if isinstance(value, list):
        return [filled(one, ids) for one in value]
    if isinstance(value, Mapping):
        return {name: filled(one, ids) for name, one in value.items()}
    return value


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where in a body of the table ids stand."""
    if isinstance(value, str) and _PLACE.fullmatch(value):
        yield path
    elif isinstance(value, list | Mapping):
        for name, one in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from places(one, (*path, name))


def with_foreign(body: Any, path: tuple[Any, ...], *, own: Mapping[str, str], other: Mapping[str, str]) -> Any:
    """A body with own ids but at one place."""
    if not path:
        return filled(body, other)
    names = body.keys() if isinstance(body, Mapping) else range(len(body))
    one = {
        n: with_foreign(body[n], path[1:], own=own, other=other) if n == path[0] else filled(body[n], own)
        for n in names
    }
    return one if isinstance(body, Mapping) else list(one.values())


def send(
    program: ApiProgram,
    name: str,
    row: Row,
    *,
    ids: Mapping[str, str],
    body: Any = None,
    query: str = "",
    dry: bool = True,
) -> Any:
    """One request of a row. `ids` are whose things its address names."""
    method, address = name.split(" ")
    path = BASE + address.replace("{webhook_id}", ids[PARENT])
    path = path.replace("{id}", ids.get(row.id, "")).replace("{name}", ids.get(row.id, ""))
    dry_run = "dry_run=true" if dry and row.has_dry_run and method != "GET" and row.body is not None else ""
    words = "&".join(filter(None, [query, dry_run, *(f"{key}={value}" for key, value in row.query.items())]))
    more = {} if method == "GET" else {"data": body if body is not None else filled(row.body or {}, ids)}
    headers = {} if method == "GET" else {"Idempotency-Key": f"matrix-{next(_numbers)}"}
    answer = program.send(method.lower(), path + (f"?{words}" if words else ""), headers=headers, **more)
    if answer.streaming:
        answer.read = b"".join(answer)
        answer.close()  # one report is made at once
    return answer


def foreign_paths(
    name: str, row: Row, *, own: Mapping[str, str], other: Mapping[str, str]
) -> Iterator[Mapping[str, str]]:
    """The ids of a path with a foreign one, and of a path with two ids every mixture."""
    if row.id or "{webhook_id}" in name:
        yield other
    if row.id and "{webhook_id}" in name:
        yield {**own, row.id: other[row.id]}
        yield {**own, PARENT: other[PARENT]}


def put_plan(planted: Planted, state: str) -> dict[str, str]:
    """The ids with a plan of the organization in this state, its row in the one behind a colon, and an operation."""
    if not state:
        return planted.ids
    of_plan, _, of_row = state.partition(":")
    body = {
        "kind": "change_balances",
        "reason": f"{planted.word} bonus",
        "rows": [{"account": planted.ids["account"], "change": "250.00"}],
    }
    answer = planted.colleague.post(f"{BASE}plans?dry_run=true", body)
    assert answer.status_code == 200, answer.content
    plan = answer.json()["id"]
    with organization_scope(planted.organization.pk):
        Plan.objects.filter(pk=plan).update(state=of_plan)
        if of_row:
            row = PlanRow.objects.get(plan=plan)
            row.state, row.new = of_row, row.old  # what it led to is what there is
            row.save()
    return planted.ids | {"plan": plan}


def cursor_of(planted: Planted, name: str, row: Row) -> str:
    """A cursor of the organization's own list; empty where there is none."""
    if not name.startswith("GET") or "{" in name:
        return ""
    answer = send(planted.program, name, row, ids=planted.ids, query="limit=1")
    return str(answer.json().get("next_cursor") or "") if answer.status_code == 200 else ""


def plans_nothing(answer: Any) -> bool:
    """Whether a write was refused for what is in it, or shows a preview of which every row is skipped."""
    told = answer.json()
    if answer.status_code == 409:
        return bool(told["code"] == "all_rows_skipped")
    return answer.status_code == 422 or (answer.status_code == 200 and not told["row_counts"]["planned"])


def leaked(answer: Any, planted: Planted, *, sent: str) -> list[str]:
    """What of an organization is in an answer to somebody else, beside what the request itself said."""
    if answer.status_code >= 500:
        return [f"status {answer.status_code}"]
    content = answer.read if answer.streaming else answer.content
    told = unquote(content.decode()).lower() + str(dict(answer.headers)).lower()
    said = sent.lower()
    found = re.findall("|".join(rf"[\w.@-]*{re.escape(mark)}[\w.@-]*" for mark in planted.marks()), told)
    return sorted({one for one in found if one.strip("-._") not in said})


class Checksums:
    """All rows of one organization, as the administrator sees them."""

    def __init__(self, connection: psycopg.Connection, organization_id: int) -> None:
        self.connection, self.organization_id = connection, organization_id
        self.query = sql.SQL(" UNION ALL ").join(
            sql.SQL(
                "SELECT {name}, count(*), md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), ''))"
                " FROM {table} t WHERE organization_id = {id}"
            ).format(name=table, table=sql.Identifier(table), id=organization_id)
            for table in walled_tables(connection)
        )

    def read(self) -> dict[str, tuple[int, str]]:
        return {table: (count, digest) for table, count, digest in self.connection.execute(self.query)}


def put_done_plan(planted: Planted) -> str:
    """The plan that the organization began with, ended well as workers leave it."""
    plan = planted.ids["plan"]
    with organization_scope(planted.organization.pk):
        Operation.objects.filter(plan_id=plan).update(state=Operation.State.SUCCEEDED)
        PlanRow.objects.filter(plan_id=plan).update(state=PlanRow.State.SUCCEEDED)
        Plan.objects.filter(pk=plan).update(state=Plan.State.FINISHED)
    return plan
