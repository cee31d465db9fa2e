"""What a plan is called once it has ended, and how much of it counts as done."""

import pytest

from vendor_admin.operations.models import Plan
from vendor_admin.operations.pages.outcome import outcome_of
from vendor_admin.operations.plans.progress import Progress, counts_in_words


@pytest.mark.parametrize(
    ("state", "counts", "word", "tone"),
    [
        ("finished", {"succeeded": 2}, "done", "good"),
        ("finished", {"succeeded": 2, "skipped": 1}, "done", "good"),
        ("finished", {"succeeded": 1, "rejected": 1}, "done in part", "warn"),
        ("finished", {"succeeded": 1, "cancelled": 1}, "done in part", "warn"),
        ("finished", {"rejected": 2}, "rejected", "bad"),
        ("finished", {"rejected": 1, "cancelled": 1}, "rejected", "bad"),
        ("finished", {"cancelled": 2}, "not done", "calm"),
        ("finished", {}, "not done", "calm"),
        ("cancelled", {"cancelled": 2}, "cancelled", "calm"),
        ("cancelled", {"succeeded": 2, "skipped": 1}, "done", "good"),
        ("cancelled", {"succeeded": 1, "cancelled": 1}, "cancelled, done in part", "warn"),
        ("running", {"succeeded": 1, "queued": 1}, "running", "demo"),
        ("preview", {"planned": 1}, "preview", "calm"),
    ],
)
def test_a_plan_is_green_only_where_every_row_was_done(state, counts, word, tone):
    outcome = outcome_of(Plan(state=state), counts)

    assert (outcome.text, outcome.tone) == (word, tone)


@pytest.mark.parametrize(
    ("counts", "percent", "tone"),
    [
        ({"succeeded": 2, "skipped": 3}, 100, "good"),
        ({"succeeded": 1, "queued": 3}, 25, "good"),
        ({"succeeded": 1, "rejected": 1, "queued": 2}, 25, "warn"),
        ({"succeeded": 1, "unknown": 1}, 50, "warn"),
        ({"rejected": 2}, 0, "bad"),
        ({"cancelled": 2}, 0, "warn"),
        ({"skipped": 2}, 0, "good"),
    ],
)
def test_what_was_refused_or_cancelled_is_no_progress(counts, percent, tone):
    progress = Progress(counts)

    assert (progress.percent, progress.tone) == (percent, tone)


def test_counts_are_told_in_words_what_was_done_first():
    counts = {"skipped": 1, "planned": 0, "rejected": 2, "succeeded": 1200}

    assert counts_in_words(counts) == "1,200 done, 2 rejected, 1 skipped"
    assert counts_in_words({}) == ""
