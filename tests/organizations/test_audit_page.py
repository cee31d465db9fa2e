"""The audit as people look at it: who did what, from what to what, why and when; found by parts of words, exported."""

import csv

import pytest
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from tests.support.staff_and_rows import page_text
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.tenancy.scope import organization_scope

PAGE = reverse("admin:organizations_auditentry_changelist")


def test_the_audit_is_found_by_parts_of_words_and_exported_with_old_new_and_why(alice: Client, bob: Client, alpha):
    with organization_scope(alpha.pk):
        for number, action in enumerate(("plan confirmed", "plan cancelled", "approval thresholds set")):
            audit.record(
                organization=alpha,
                actor=Actor.staff("riley"),
                action=action,
                subject=f"plan {number}: Change balances",
                subject_kind="plan",
                subject_id=number,
                old={"limit": 100},
                new={"limit": 200 + number},
                reason=f"because {number}",
            )

    for query, words, others in (
        ({"did": "Cancel"}, "because 1", ("because 0", "because 2")),
        ({"to": "plan 2:"}, "limit: 100 → 202", ("because 0", "because 1")),
        ({"who": "riley", "did": "confirmed"}, "because 0", ("because 1", "because 2")),
    ):
        text = page_text(alice.get(PAGE, query))
        assert words in text
        assert not any(other in text for other in others)
    assert "No results match these filters." in page_text(alice.get(PAGE, {"who": "nobody"}))

    text = b"".join(alice.get(PAGE + "export.csv", {"did": "thresholds"})).decode("utf-8-sig")
    header, entry = csv.reader(text.splitlines())
    assert header[:7] == ["At", "Who", "Did", "To", "Old", "New", "Why"]
    assert header[7:] == ["Request id", "Caller's request id", "Actor type", "Actor ID", "Subject type", "Subject ID"]
    assert entry[9:] == ["staff", "riley", "plan", "2"]
    assert entry[4:7] == ['{"limit": 100}', '{"limit": 202}', "because 2"]
    assert bob.get(PAGE).status_code == 403


def test_what_an_entry_is_about_is_linked_by_its_id_whatever_its_words_are(alice: Client, alpha):
    with organization_scope(alpha.pk):
        for subject, kind, id_ in (
            ("Alice’s weekend change", "plan", 41),
            ("plan 42: a name that reads like one", "", ""),
            ("operation 7KQ2M9XA: user/create", "operation", 43),
            ("reading 44: cash", "reading", 44),
        ):
            audit.record(
                organization=alpha,
                actor=Actor.staff("riley"),
                action="done",
                subject=subject,
                subject_kind=kind,
                subject_id=id_,
            )

    page = alice.get(PAGE).content.decode()
    assert reverse("admin:operations_plan_change", args=[41]) in page
    assert reverse("admin:operations_operation_change", args=[43]) in page
    assert not any(f"/{number}/change/" in page.replace(PAGE, "") for number in (42, 44))


def test_an_entry_names_a_kind_and_an_id_or_neither(alpha):
    for kind, id_ in (("plan", ""), ("", 7)):
        with organization_scope(alpha.pk), pytest.raises(IntegrityError, match="audit_subject_has_kind_and_id"):
            audit.record(
                organization=alpha,
                actor=Actor.staff("riley"),
                action="done",
                subject="half",
                subject_kind=kind,
                subject_id=id_,
            )
