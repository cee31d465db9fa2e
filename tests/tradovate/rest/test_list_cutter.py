"""Cutting a list while it arrives: the same elements as from the whole text, wherever the pieces end."""

import json
import tracemalloc
from itertools import pairwise
from random import Random

import msgspec
import pytest

from vendor_admin.tradovate.events import Malformed
from vendor_admin.tradovate.rest.list_cutter import ListCutter

SIGNS = '[]{},:"\\ é€😀\ttrue1'


def any_text(chance: Random) -> str:
    return "".join(chance.choices(SIGNS, k=chance.randrange(8)))


def any_value(chance: Random, depth: int = 0) -> object:
    """A JSON value, nested up to three levels, with every sign in it that could be taken for the end of one."""
    kind = chance.randrange(8 if depth < 3 else 6)
    if kind == 6:
        return [any_value(chance, depth + 1) for _ in range(chance.randrange(4))]
    if kind == 7:
        return {any_text(chance): any_value(chance, depth + 1) for _ in range(chance.randrange(4))}
    return [None, True, False, chance.randrange(-(10**20), 10**20), chance.uniform(-1e30, 1e30), any_text(chance)][kind]


def cut(*pieces: bytes, most_bytes: int = 1000) -> tuple[list[bytes | Malformed], ListCutter]:
    cutter = ListCutter(most_bytes=most_bytes)
    found = [element for piece in pieces for element in cutter.feed(piece)]
    return found + cutter.end(), cutter


@pytest.mark.parametrize("seed", range(10))
def test_elements_are_the_very_bytes_that_were_sent_wherever_the_pieces_end(seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - the same texts each time
    for _ in range(30):
        elements = [any_value(chance) for _ in range(chance.randrange(6))]
        separators = chance.choice([(",", ":"), (" , ", " : "), ("\n,", ":\r\n")])
        text = json.dumps(elements, ensure_ascii=chance.random() < 0.5, separators=separators).encode()
        text = chance.choice([b"", b" \r\n"]) + text + chance.choice([b"", b"\n "])
        places = [0, *sorted(chance.choices(range(len(text) + 1), k=chance.randrange(6))), len(text)]
        found, cutter = cut(*(text[start:end] for start, end in pairwise(places)), most_bytes=10_000)
        assert cutter.is_whole, cutter.fault
        assert found == [bytes(one) for one in msgspec.json.decode(text, type=list[msgspec.Raw])]


ODD = '[{"a":"]},{\\"","é":[{"b":"\\\\"},{"c":[1,2]}]}, {"id":-1.5e3,"😀":null},12e5 ,"x\\\\", true]'.encode()


WHOLE = [bytes(one) for one in msgspec.json.decode(ODD, type=list[msgspec.Raw])]


def test_a_piece_may_end_at_any_byte() -> None:
    for place in range(len(ODD)):
        found, cutter = cut(ODD[:place], ODD[place:])
        assert (found, cutter.is_whole) == (WHOLE, True)


def test_a_list_that_breaks_off_is_not_whole_and_gives_no_part_of_an_entity() -> None:
    for place in range(len(ODD)):
        found, cutter = cut(ODD[:place])
        assert not cutter.is_whole
        begun = found[len(WHOLE) :] if len(found) > len(WHOLE) else found[-1:] if found != WHOLE[: len(found)] else []
        assert [one for one in begun if one not in (b"1", b"12")] == [], "only of a number more may have been to come"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b'[{"id":1}]{"id":2}', "something stands behind the list's end"),
        (b'[{"id":1}] []', "something stands behind the list's end"),
        (b'[{"id":1} {"id":2}]', "something stands between the list's elements"),
        (b'[{"id":1},', "the list breaks off"),
        (b'[{"id":1}', "the list breaks off"),
        (b"[", "the list breaks off"),
        (b"", "the list breaks off"),
        (b'{"id":1}', "it does not begin as a list"),
    ],
)
def test_what_is_no_whole_list_is_told(text: bytes, fault: str) -> None:
    for pieces in ([text], [text[n : n + 1] for n in range(len(text))]):
        found, cutter = cut(*pieces)
        assert (cutter.is_whole, cutter.fault) == (False, fault)
        assert found in ([], [b'{"id":1}'])


@pytest.mark.parametrize("size", [1, 7, 50, 10_000])
def test_an_element_that_is_too_long_is_passed_over_and_its_neighbours_are_cut(size: int) -> None:
    long = json.dumps({"id": 2, "note": '"]},[{\\' * 100, "more": [{"a": "}"}] * 50}).encode()
    text = b'[{"id":1},' + long + b',{"id":3}]'
    found, cutter = cut(*(text[n : n + size] for n in range(0, len(text), size)), most_bytes=200)
    assert cutter.is_whole
    assert found == [b'{"id":1}', Malformed(long[:200], "longer than 200 bytes"), b'{"id":3}']


@pytest.mark.parametrize("broken", [b'{"id":2,}', b'{"id":2 "a":[}]}', b"nonsense"])
def test_an_element_that_is_broken_is_told_and_its_neighbours_are_cut(broken: bytes) -> None:
    text = b'[{"id":1},' + broken + b',{"id":3},{"id":4,"note":"' + b"x" * 2000 + b'"}]'
    found, _ = cut(*(text[n : n + 64] for n in range(0, len(text), 64)))
    assert found[0] == b'{"id":1}'
    assert isinstance(found[1], Malformed)
    assert found[1].reason == "broken JSON"


def test_bytes_that_are_no_text_stay_as_they_came() -> None:
    text = b'[{"id":1,"name":"\xff\xc3"},{"id":2}]'
    assert cut(*(text[n : n + 1] for n in range(len(text))))[0] == [b'{"id":1,"name":"\xff\xc3"}', b'{"id":2}']


def test_what_waits_stays_bounded_however_long_an_element_is() -> None:
    cutter = ListCutter(most_bytes=1000)
    cutter.feed(b'[{"note":"')
    tracemalloc.start()
    try:
        for _ in range(1000):
            assert cutter.feed(b"x" * 1000) == []
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 20_000
    assert cutter.feed(b'"},{"id":2}]')[1] == b'{"id":2}'


def test_a_list_whose_brackets_do_not_match_is_not_whole() -> None:
    found, cutter = cut(b'[{"id":1},{"id":2,"a":[1,2},{"id":3}]')
    assert (found[0], cutter.is_whole) == (b'{"id":1}', False)
