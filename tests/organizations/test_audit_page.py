"""The audit as people look at it: who did what, from what to what, why and when; found by parts of words, exported."""

import csv

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
    assert header[7:] == ["Request id", "Caller's request id", "Actor type", "Actor ID"]
    assert entry[9:] == ["staff", "riley"]
    assert entry[4:7] == ['{"limit": 100}', '{"limit": 202}', "because 2"]
    assert bob.get(PAGE).status_code == 403
