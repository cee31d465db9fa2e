"""Turns at what keeps a thread for long."""

from contextlib import suppress
from threading import Thread

import pytest

from oauth_bridge.sign_in import exchange_turns
from vendor_admin.commands import ROLES
from vendor_admin.listing import csv_export
from vendor_admin.organizations import web_turns
from vendor_admin.organizations.sign_in import guesses
from vendor_admin.organizations.turns import NoTurn, Turns


def test_what_takes_long_leaves_two_threads_of_a_web_process_and_no_two_kinds_of_it_take_more() -> None:
    web = ROLES["web"]
    assert int(web[web.index("--threads") + 1]) - web_turns.OF_ALL == 2
    assert exchange_turns.AT_ONCE + csv_export.FILES_AT_ONCE < web_turns.OF_ALL, "staff can sign in"
    assert guesses.SIGN_INS_AT_ONCE + csv_export.FILES_AT_ONCE < web_turns.OF_ALL, "members can"


def test_all_kinds_of_work_count_together() -> None:
    with web_turns.hold("a", most=4, cause=1, of_cause=4), web_turns.hold("a", most=4, cause=2, of_cause=4):
        with web_turns.hold("a", most=4, cause=1, of_cause=4), web_turns.hold("a", most=4, cause=1, of_cause=4):
            with web_turns.hold("b", most=9, cause=1, of_cause=9), web_turns.hold("b", most=9, cause=1, of_cause=9):
                with pytest.raises(NoTurn), web_turns.hold("b", most=9, cause=1, of_cause=9):
                    pass
            with pytest.raises(NoTurn), web_turns.hold("a", most=4, cause=3, of_cause=4):
                pass


def test_a_turn_that_is_given_back_while_another_is_looked_for_keeps_nobody_waiting() -> None:
    """As where Python collects what holds one in that very moment, in the same thread."""
    turns = Turns()
    held = turns.hold({"a": 1})
    held.__enter__()

    class Found(str):
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            held.__exit__(None, None, None)
            return str.__eq__(self, other)

    def look() -> None:
        with suppress(NoTurn), turns.hold({Found("a"): 1}):
            pass

    looking = Thread(target=look, daemon=True)
    looking.start()
    looking.join(20)
    assert not looking.is_alive()
    with turns.hold({"a": 1}):
        pass
