"""Every write of the catalogue against the platform's own description of it."""

import re
from typing import Any, get_args

import msgspec
import pytest

from tests.tradovate.operations.examples import BODIES, NOW
from tests.tradovate.operations.platform_description import answer_schema, operation_at, request_schema, resolved
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations import ENTITIES, WRITES, NoSuchOperation, write_at

EVERY_WRITE = pytest.mark.parametrize("path", sorted(WRITES))

BOTH = {"demo", "live"}

# The file is silent on these; users and what they pay for live on LIVE, simulated accounts and their risk on DEMO.
SILENT = {
    "contactInfo/updatecontactinfo": {"live"},
    "user/modifycredentials": {"live"},
    "user/modifyemailaddress": {"live"},
    "user/modifypassword": {"live"},
    "userPlugin/changepluginpermission": {"live"},
    "user/requesttradingpermission": {"demo"},
    "user/accepttradingpermission": {"demo"},
    "cashBalance/getcashbalancesnapshot": {"demo", "live"},
    **dict.fromkeys((path for path in WRITES if path.startswith(("order/", "orderStrategy/", "contract/"))), BOTH),
}


def inner_request(annotation: Any) -> type[Request] | None:
    """The request type inside Optional, Annotated and tuple, if there is one."""
    if isinstance(annotation, type):
        return annotation if issubclass(annotation, Request) else None
    found = (inner_request(part) for part in get_args(annotation))
    return next((one for one in found if one is not None), None)


def compare_fields(kind: type[Request], schema: dict[str, Any], where: str) -> int:
    described = schema["properties"]
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    left_out = {"id"} if kind.__name__.startswith("Create") else set()
    assert set(fields) == set(described) - left_out, where
    missing = set(schema.get("required", ())) - {name for name, field in fields.items() if field.required}
    assert not missing, f"{where}: required by the platform, optional here: {missing}"
    compared = len(fields)
    for name, field in fields.items():
        part = inner_request(field.type)
        inner = resolved(described[name])
        if part is not None and inner["type"] != "string":
            compared += compare_fields(part, resolved(inner.get("items", inner)), f"{where}.{name}")
    return compared


@EVERY_WRITE
def test_path_and_method_are_those_of_the_description(path):
    assert operation_at(path)["method"] == WRITES[path].operation.method


@EVERY_WRITE
def test_the_request_has_exactly_the_fields_of_the_schema(path):
    if not WRITES[path].is_documented:
        assert operation_at(path)["x-undocumented"] is True
        return
    assert compare_fields(WRITES[path].request, request_schema(path), path) > 0


@EVERY_WRITE
def test_the_answer_has_fields_of_the_schema_and_requires_nothing_that_may_be_missing(path):
    write = WRITES[path]
    if not write.is_documented:
        return
    schema = answer_schema(path)
    fields = {field.encode_name: field for field in msgspec.structs.fields(write.answer)}
    assert set(fields) <= set(schema["properties"])
    assert {name for name, field in fields.items() if field.required} <= set(schema.get("required", ()))


@EVERY_WRITE
def test_environments_are_those_of_the_description(path):
    said = operation_at(path).get("x-environments", {})
    words = said.get("documented") or said.get("inferred")
    default = {"demo"} if path.startswith("userAccount") else SILENT.get(path)
    expected = {word.lower() for word in words} if words else default
    assert {str(environment) for environment in WRITES[path].operation.environments} == expected


@EVERY_WRITE
def test_rate_limits_are_those_of_the_description(path):
    said = operation_at(path).get("x-rate-limit", "none")
    text = said if isinstance(said, str) else said["organization administrators"]
    per_hour = re.search(r"(\d+)/hour", text)
    back_off = re.search(r"([\d.]+) s back-off", text)
    operation = WRITES[path].operation
    assert operation.hourly_limit == (int(per_hour[1]) if per_hour else None)
    assert operation.counts_successes == (not re.search(r"failed (requests )?only", text))
    assert operation.back_off_seconds == (float(back_off[1]) if back_off else 0)


@EVERY_WRITE
def test_batches_are_those_of_the_description(path):
    said = operation_at(path).get("x-batch")
    batch = WRITES[path].batch
    if said is None:
        assert batch is None or not batch.is_documented
        return
    assert batch is not None
    most = said.get("max") or int(re.findall(r"\d+", said["recommended"])[-1])
    field = said.get("field") or said["recommended"].split()[-1]
    assert (batch.field, batch.most, batch.is_documented) == (field, most, True)


def test_every_write_has_an_example_that_passes():
    assert set(BODIES) == set(WRITES)
    for path, body in BODIES.items():
        assert WRITES[path].read(body, now=NOW) is not None


@EVERY_WRITE
def test_a_batch_names_its_list_in_both_languages(path):
    batch = WRITES[path].batch
    if batch is not None:
        names = {field.name: field.encode_name for field in msgspec.structs.fields(WRITES[path].request)}
        assert names[batch.attribute] == batch.field


@EVERY_WRITE
def test_what_is_read_to_settle_is_offered_by_the_platform(path):
    write = WRITES[path]
    (request,) = write.split(write.read(BODIES[path], now=NOW))
    for environment in write.operation.environments:
        look_ups = write.look_ups(request, environment)
        assert look_ups or write.settling is None or path == "user/canceleverything"
        for look_up in look_ups:
            assert look_up.operation.path == f"{look_up.entity_type}/{look_up.by}"
            assert look_up.entity_type in ENTITIES
            assert look_up.environment is environment or len(write.operation.environments) > 1
            assert bool(look_up.parameters) == (look_up.by != "list")


@EVERY_WRITE
def test_a_person_is_told_both_possibilities(path):
    write = WRITES[path]
    (request,) = write.split(write.read(BODIES[path], now=NOW))
    doubt = write.doubt(request)
    assert doubt.if_done
    assert doubt.if_not_done
    assert doubt.if_done != doubt.if_not_done or write.settling is None


def test_a_write_is_found_by_its_path():
    assert write_at("cashBalance/changedemobalance").operation.environments == {Environment.DEMO}
    assert write_at("user/canceleverything").operation.environments == set(Environment)
    with pytest.raises(NoSuchOperation, match="user/deleteeverything"):
        write_at("user/deleteeverything")


def test_what_vendors_must_not_call_is_marked():
    marked = {path for path, write in WRITES.items() if not write.is_for_vendors}
    assert marked == {"user/requesttradingpermission", "user/accepttradingpermission"}


def test_money_and_creations_are_never_harmless_to_repeat():
    repeatable = {path for path, write in WRITES.items() if write.operation.harmless_to_repeat}
    assert not repeatable & {
        "cashBalance/changedemobalance",
        "fundTransaction/adjustcash",
        "account/resetdemoaccountstate",
        "user/createevaluationusers",
        "user/createevaluationaccounts",
        "user/addtradovatesubscription",
        "userPlugin/addentitlementsubscription",
        "user/addmarketdatasubscription",
        "user/canceleverything",
        "order/placeorder",
        "order/placeoco",
        "order/placeoso",
        "order/liquidateposition",
        "order/liquidatepositions",
        "orderStrategy/startorderstrategy",
    }
