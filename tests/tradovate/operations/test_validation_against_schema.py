"""Whatever is put into a request: what passes our validation is taken by the platform's schema, hints included."""

import copy
import json
from decimal import Decimal
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tradovate.operations.examples import BODIES, NOW
from tests.tradovate.operations.platform_description import strict_validator
from vendor_admin.tradovate.catalogue.request import field_faults, read_clean
from vendor_admin.tradovate.errors import InvalidRequest
from vendor_admin.tradovate.operations import WRITES

ENCODER = msgspec.json.Encoder(decimal_format="number")
NAMES = sorted({name for body in BODIES.values() for name in body} | {"unknown", "p-ticket", "password"})

numbers = st.one_of(
    st.integers(-3, 3),
    st.sampled_from(
        [
            2**31 - 1,
            2**31,
            2**63 - 1,
            2**63,
            -(2**63) - 1,
            5,
            8,
            9,
            11,
            12,
            13,
            22,
            2025,
            99_999,
            100_000,
            999_999,
            10**6,
        ]
    ),
    st.floats(allow_nan=True, allow_infinity=True),
    st.decimals(allow_nan=True, allow_infinity=True),
)
texts = st.one_of(
    st.text(max_size=70),
    st.sampled_from(
        ["", "a", "AB1", "1AB", "ab1", "a@b", "US", "us", "EOD", "Realtime", "RealTime", "Overall", "12.5"]
    ),
    st.integers(0, 70).map("x".__mul__),
    st.sampled_from(["2026-11-10T20:00:00", "2026-11-10T20:00:00Z", "2026-11-10T20:00:00+01:00", "NaN", "1e400"]),
)
junk = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)),
    max_leaves=4,
)


def like(value: Any) -> st.SearchStrategy[Any]:
    """Other values of the same kind, most of them near the edges of what is allowed."""
    if isinstance(value, bool):
        return st.booleans()
    if isinstance(value, int | float):
        return st.one_of(st.integers(1, 40), numbers)
    return texts if isinstance(value, str) else junk


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a body, as keys and indexes from its root."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([path] if path else []), *(place for key, part in inner for place in places(part, (*path, key)))]


@st.composite
def bodies(draw: st.DrawFn, good: dict[str, Any]) -> Any:
    """A good body with some places replaced, removed, doubled or added to."""
    body = copy.deepcopy(good)
    for _ in range(draw(st.integers(0, 2))):
        every_place = places(body)
        if not every_place:
            break
        *way, last = draw(st.sampled_from(every_place))
        holder: Any = body
        for key in way:
            holder = holder[key]
        match draw(st.sampled_from(["edge", "edge", "edge", "junk", "remove", "add", "double"])):
            case "edge":
                holder[last] = draw(like(holder[last]))
            case "junk":
                holder[last] = draw(junk)
            case "remove":
                del holder[last]
            case "double" if isinstance(holder, list):
                holder.extend(copy.deepcopy(holder) * draw(st.sampled_from([1, 120])))
            case _ if isinstance(holder, dict):
                holder[draw(st.sampled_from(NAMES))] = draw(junk)
    return body


@pytest.mark.parametrize("path", sorted(path for path, write in WRITES.items() if write.is_documented))
def test_what_passes_is_taken_by_the_schema(path):
    validator = strict_validator(path)
    write = WRITES[path]
    seen = {"passed": 0, "refused": 0}

    @settings(max_examples=150, database=None, derandomize=True)
    @given(bodies(BODIES[path]))
    def check(body):
        assert (read_clean(write.request, body) is None) == any(field_faults(write.request, body)), "both tell the same"
        try:
            request = write.read(body, now=NOW)
        except InvalidRequest:
            seen["refused"] += 1
            return
        seen["passed"] += 1
        write.validate(request, now=NOW)
        sent = ENCODER.encode(write.body(request))
        faults = [f"{fault.json_path}: {fault.message}" for fault in validator.iter_errors(json.loads(sent))]
        assert not faults, faults
        assert write.parse(json.loads(sent)) == request, "what is stored can be read again"

    check()
    assert min(seen.values()) > 5, seen


@pytest.mark.parametrize("path", sorted(WRITES))
def test_a_body_that_is_no_object_is_refused(path):
    for body in cast("tuple[Any, ...]", ([], "text", None, 5)):
        with pytest.raises(InvalidRequest, match="must be an object"):
            WRITES[path].read(body, now=NOW)


@given(st.decimals(min_value=-99_999, max_value=99_999, places=2).filter(bool))
@settings(max_examples=200)
def test_money_is_sent_with_the_digits_it_was_given(amount):
    write = WRITES["fundTransaction/adjustcash"]
    request = write.read({**BODIES[write.path], "cashChange": amount}, now=NOW)
    sent = json.loads(ENCODER.encode(write.body(request)), parse_float=Decimal, parse_int=Decimal)
    assert sent["cashChange"] == amount
