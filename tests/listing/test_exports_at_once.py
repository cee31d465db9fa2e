"""Few files are made at once in a process: each holds a thread for as long as its reader takes."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from vendor_admin.listing import csv_export

Ask = Callable[[Client], Any]


@pytest.fixture
def ask() -> Iterator[Ask]:
    """Asks for a file as somebody; what is left of it goes at the end."""
    with ExitStack() as answers:

        def get(person: Client) -> Any:
            answer = person.get(reverse("admin:mirrors_order_export"))
            answers.callback(answer.close)
            return answer

        yield get


def test_a_second_file_of_an_organization_waits_its_turn_and_another_organizations_does_not(
    alice: Client, charlie: Client, trading_day, ask: Ask
) -> None:
    trading_day(1)
    being_read = ask(alice)
    assert being_read.status_code == 200
    refused = ask(alice)
    assert refused.status_code == 503
    assert refused["Retry-After"] == "30"
    assert "This file cannot be made right now" in refused.content.decode()

    of_another = ask(charlie)
    assert of_another.status_code == 200

    assert b"EVAL1" in being_read.getvalue()
    after_its_end = ask(alice)
    assert after_its_end.status_code == 200

    after_its_end.close()
    assert ask(alice).status_code == 200, "its reader went away before it began"


def test_no_more_files_are_made_at_once_than_leave_threads_for_others(
    alice: Client, charlie: Client, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_export, "FILES_AT_ONCE", 1)
    being_read = ask(alice)

    assert ask(charlie).status_code == 503

    being_read.close()
    assert ask(charlie).status_code == 200


def test_a_file_whose_reader_takes_too_long_is_cut_and_says_so(
    alice: Client, trading_day, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    trading_day(1)
    monkeypatch.setattr(csv_export, "LONGEST_SECONDS", -1)

    lines = ask(alice).getvalue().decode().splitlines()

    assert len(lines) == 2
    assert "INCOMPLETE: stopped after 0 rows, since a file is cut after 15 minutes." in lines[1]
    assert ask(alice).status_code == 200
