"""Dated versions: a key follows one, a request may name another, and earlier ones get answers as they were."""

import re

import pytest
from django.test import Client

from tests.support.database import ROOT
from tests.support.partner_api.program import ApiProgram
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.partner_api.http import renderers
from vendor_admin.partner_api.request_errors import InvalidRequest
from vendor_admin.partner_api.versions import (
    CHANGES,
    CURRENT_VERSION,
    KNOWN_VERSIONS,
    VERSIONS,
    AnswerChange,
    as_of,
    choose_version,
)

ME = "/api/v1/me"
EARLIER, LATER = "2026-12-01", "2027-05-01"
RENAMED = AnswerChange(LATER, "me", undo=lambda answer: {**answer, "client_id": answer["id"]})
SPLIT = AnswerChange("2027-09-01", "me", undo=lambda answer: {"id": answer["id"], "was": "one"})


def test_versions_are_days_in_their_order() -> None:
    assert list(KNOWN_VERSIONS) == sorted(set(KNOWN_VERSIONS))
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", version) for version in KNOWN_VERSIONS)
    assert KNOWN_VERSIONS[-1] == CURRENT_VERSION
    assert {change.version for change in CHANGES} <= set(KNOWN_VERSIONS[1:])


def test_the_changelog_and_its_page_have_every_version() -> None:
    page = (ROOT / "docs" / "api" / "changelog.md").read_text()
    told = {
        date: re.findall(r"^- (.*)", rest, re.MULTILINE)
        for date, rest in re.findall(r"^## (\S+)\n((?:[^#].*\n|\n)*)", page, re.MULTILINE)
    }
    assert list(told.items()) == [(date, list(changes)) for date, changes in reversed(VERSIONS.items())]

    shown = Client().get("/api/docs/changelog").content.decode()
    assert all(f'id="{date}"' in shown and change in shown for date, changes in told.items() for change in changes)


def test_a_key_keeps_its_version_and_a_request_may_name_another() -> None:
    assert choose_version(None, of_key=EARLIER) == choose_version(" ", of_key=EARLIER) == EARLIER
    assert choose_version(LATER, of_key=EARLIER, known=[EARLIER, LATER]) == LATER
    with pytest.raises(InvalidRequest, match=f"{EARLIER}, {LATER}"):
        choose_version("2027-01-01", of_key=EARLIER, known=[EARLIER, LATER])


def test_later_changes_are_undone_the_newest_first() -> None:
    answer = {"id": "1", "name": "x"}
    changes = (RENAMED, SPLIT)
    assert as_of("2027-09-01", resource="me", answer=answer, changes=changes) == answer
    assert as_of(LATER, resource="me", answer=answer, changes=changes) == {"id": "1", "was": "one"}
    assert as_of(EARLIER, resource="me", answer=answer, changes=changes) == {"id": "1", "was": "one", "client_id": "1"}
    assert as_of(EARLIER, resource="plans", answer=answer, changes=changes) == answer


def test_answers_say_which_version_they_follow(alpha: Organization) -> None:
    program = ApiProgram.of(alpha)
    assert program.get(ME)["Vendor-Admin-Version"] == CURRENT_VERSION
    assert program.get("/api/v1/nothing")["Vendor-Admin-Version"] == CURRENT_VERSION
    refused = program.get(ME, headers={"Vendor-Admin-Version": "1999-01-01"})
    assert (refused.status_code, refused.json()["code"]) == (400, "unknown_version")
    assert CURRENT_VERSION in refused.json()["detail"]


def test_a_key_of_an_earlier_version_gets_answers_as_they_were(
    alpha: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = AnswerChange(CURRENT_VERSION, "me", undo=lambda answer: {**answer, "client_id": answer["id"]})
    monkeypatch.setattr(renderers, "CHANGES", (change,))
    program = ApiProgram.of(alpha)
    assert "client_id" not in program.get(ME).json()
    with organization_scope(alpha.pk):
        program.key.version = "2026-06-01"
        program.key.save()
    answer = program.get(ME)
    assert answer.json()["client_id"] == program.key.public_id
    assert answer["Vendor-Admin-Version"] == "2026-06-01"
    assert "client_id" not in program.get(ME, headers={"Vendor-Admin-Version": CURRENT_VERSION}).json()
