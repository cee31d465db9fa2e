"""Lists of the partner API: pages that are stable under inserts, parameters by allow-list, cursors of nobody else."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.members.api import Members
from tests.support.partner_api.program import ApiProgram
from tests.support.staff_and_rows import Writer
from vendor_admin.listing import lists
from vendor_admin.organizations.models import Organization

MEMBERS, ACCOUNTS = "/api/v1/members", "/api/v1/accounts"


@pytest.fixture
def program(alpha: Organization) -> ApiProgram:
    return ApiProgram.of(alpha)


def walked(program: ApiProgram, path: str, between: Callable[[], None] = lambda: None) -> list[str]:
    """The ids of every page, one after the other."""
    ids, cursor = [], ""
    while True:
        answer = program.get(path + (f"&cursor={cursor}" if cursor else ""))
        assert answer.status_code == 200, answer.content
        ids += [row["id"] for row in answer.json()["data"]]
        cursor = answer.json()["next_cursor"]
        if not cursor:
            return ids
        between()


def refused(program: ApiProgram, path: str, *, status: int = 400) -> dict[str, Any]:
    answer = program.get(path)
    assert answer.status_code == status, answer.content
    body: dict[str, Any] = answer.json()
    return body


@pytest.mark.parametrize("order", ["id", "-id"])
def test_rows_that_arrive_while_a_list_is_read_neither_repeat_nor_hide_others(
    program: ApiProgram, alpha: Organization, trading_day: Callable[..., None], write: Writer, order: str
) -> None:
    for number in range(100, 200, 10):
        write.mirror("user", alpha, number, name=f"trader{number}", environment="live")
    arrivals = iter([105, 95, 205, 155, 135, 96, 206])

    def arrive() -> None:
        number = next(arrivals, None)
        if number is not None:
            write.mirror("user", alpha, number, name=f"late{number}", environment="live")

    ids = [int(word) for word in walked(program, f"{MEMBERS}?limit=3&order_by={order}", arrive)]

    assert ids == sorted(ids, reverse=order == "-id")
    assert len(set(ids)) == len(ids)
    assert set(range(100, 200, 10)) <= set(ids)


def test_a_user_that_both_environments_know_is_one_member_as_live_has_it(
    program: ApiProgram, alpha: Organization, write: Writer
) -> None:
    write.mirror("user", alpha, 1, name="ann", environment="live")
    write.mirror("user", alpha, 1, name="ann_demo")
    write.mirror("user", alpha, 2, name="ben")

    listed = program.get(f"{MEMBERS}?order_by=id").json()["data"]

    assert [(row["id"], row["name"], row["environment"]) for row in listed] == [
        ("1", "ann", "live"),
        ("2", "ben", "demo"),
    ]
    assert program.get(f"{MEMBERS}/1").json()["name"] == "ann"


@pytest.mark.parametrize(
    ("query", "parameter", "code"),
    [
        ("limit=0", "limit", "invalid"),
        ("limit=201", "limit", "invalid"),
        ("limit=١", "limit", "invalid"),
        ("limit=1e2", "limit", "invalid"),
        ("limit=", "limit", "invalid"),
        ("order_by=name", "order_by", "invalid"),
        ("order_by=-id,-id", "order_by", "invalid"),
        ("fields=id,password", "fields", "invalid"),
        ("fields=entity_id", "fields", "invalid"),
        ("id=1,x", "id", "invalid"),
        ("id=99999999999999999999", "id", "invalid"),
        ("id=" + ",".join(map(str, range(201))), "id", "invalid"),
        ("name=" + "x" * 201, "name", "invalid"),
        ("include_deleted=1", "include_deleted", "invalid"),
        ("limit=1&limit=2", "limit", "repeated"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(program: ApiProgram, query: str, parameter: str, code: str) -> None:
    problem = refused(program, f"{MEMBERS}?{query}")

    assert problem["code"] == "invalid_parameter"
    assert [(error["parameter"], error["code"]) for error in problem["errors"]] == [(parameter, code)]


def test_unknown_parameters_are_refused_by_name(program: ApiProgram, trading_day: Callable[..., None]) -> None:
    trading_day(1)
    problem = refused(program, f"{MEMBERS}?user_type=Trader&entity_id__gt=1")

    assert problem["code"] == "unknown_parameter"
    assert [error["parameter"] for error in problem["errors"]] == ["user_type", "entity_id__gt"]
    assert refused(program, f"{MEMBERS}/1?limit=1")["code"] == "unknown_parameter"


def test_fields_leave_out_all_others_but_the_id(program: ApiProgram, trading_day: Callable[..., None]) -> None:
    trading_day(2)

    assert program.get(f"{MEMBERS}?fields=name").json()["data"] == [
        {"id": "2", "name": "trader2"},
        {"id": "1", "name": "trader1"},
    ]
    assert program.get(f"{ACCOUNTS}/10001?fields=name,owner_id").json() == {
        "id": "10001",
        "name": "EVAL1",
        "owner_id": "1",
    }


def test_a_cursor_is_of_one_list_in_one_order_with_one_set_of_filters(
    program: ApiProgram, beta: Organization, trading_day: Callable[..., None], write: Writer
) -> None:
    trading_day(4)
    for number in range(10, 14):
        write.mirror("user", beta, number, name="of beta", environment="live")
    cursor = program.get(f"{MEMBERS}?limit=2").json()["next_cursor"]
    other = ApiProgram.of(beta).get(f"{MEMBERS}?limit=2").json()["next_cursor"]

    assert program.get(f"{MEMBERS}?limit=1&cursor={cursor}").status_code == 200, "another limit is no other list"
    place, _, signature = cursor.partition(".")
    for path in (
        f"{ACCOUNTS}?cursor={cursor}",
        f"{MEMBERS}?order_by=id&cursor={cursor}",
        f"{MEMBERS}?status=Active&cursor={cursor}",
        f"{MEMBERS}?include_deleted=true&cursor={cursor}",
        f"{MEMBERS}?cursor={other}",
        f"{MEMBERS}?cursor={cursor[:-1]}",
        f"{MEMBERS}?cursor={place[:-2]}xx.{signature}",
        f"{MEMBERS}?cursor=WzFd.{signature}",
        f"{MEMBERS}?cursor=nonsense",
        f"{MEMBERS}?cursor=%C3%A4.%C3%B6",
        f"{MEMBERS}?cursor={'x' * 5000}",
    ):
        assert refused(program, path)["code"] == "invalid_cursor", path


def test_another_organization_is_not_there(
    program: ApiProgram, beta: Organization, trading_day: Callable[..., None]
) -> None:
    trading_day(2)
    stranger = ApiProgram.of(beta)

    for path in (f"{MEMBERS}/1", f"{ACCOUNTS}/10001"):
        assert program.get(path).status_code == 200
        assert refused(stranger, path, status=404)["code"] == "not_found"
    for path in (
        MEMBERS,
        f"{MEMBERS}?id=1",
        f"{MEMBERS}?name=trader1",
        f"{MEMBERS}?search=trader",
        f"{ACCOUNTS}?member=1",
    ):
        assert program.get(path).json()["data"], path
        assert stranger.get(path).json() == {"data": [], "next_cursor": None}, path


@pytest.mark.parametrize("word", ["0", "-1", "1.0", "abc", "١", "9" * 30, "%2e%2e"])
def test_what_is_no_id_is_not_found(program: ApiProgram, trading_day: Callable[..., None], word: str) -> None:
    assert refused(program, f"{MEMBERS}/{word}", status=404)["code"] == "not_found"


@pytest.mark.parametrize("path", [MEMBERS, ACCOUNTS])
def test_a_page_takes_as_many_queries_for_fifty_rows_as_for_one(
    program: ApiProgram, trading_day: Callable[..., None], path: str
) -> None:
    trading_day(50)
    program.get(path)  # notes that the key is used, once a while
    counts = set()
    for limit in (1, 50):
        with CaptureQueriesContext(connection) as captured:
            assert len(program.get(f"{path}?limit={limit}").json()["data"]) == limit
        counts.add(len(captured))

    assert len(counts) == 1


def test_what_is_gone_from_the_platform_is_listed_only_when_asked_for(
    program: ApiProgram, alpha: Organization, write: Writer, trading_day: Callable[..., None]
) -> None:
    trading_day(1)
    write.mirror("account", alpha, 5, name="GONE", deleted_at="2026-11-20T15:00:00Z")

    assert walked(program, f"{ACCOUNTS}?limit=5") == ["10001"]
    assert walked(program, f"{ACCOUNTS}?limit=5&include_deleted=true") == ["10001", "5"]
    assert program.get(f"{ACCOUNTS}/5").json()["deleted_at"] == "2026-11-20T15:00:00Z"


def test_a_list_that_would_take_too_long_is_stopped_and_says_what_to_leave_out(
    program: ApiProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_for_a_minute(self: Members, rows: Any) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(60)")
        return []

    monkeypatch.setattr(lists, "QUERY_TIMEOUT_MS", 50)
    monkeypatch.setattr(Members, "read", read_for_a_minute)

    problem = refused(program, MEMBERS, status=503)

    assert "leave out the rarer filters" in problem["detail"]
