"""Secrets of a request are taken out of whatever the platform says about it."""

from vendor_admin.operations.masking import has_secrets, without_secrets_of
from vendor_admin.tradovate.outcomes import ItemError, Rejected, Success

BODY = {"users": [{"name": "ADA", "password": "quiet heron"}, {"password": "abc"}], "currentPassword": "heron"}


def test_a_secret_is_masked_wherever_an_outcome_repeats_it() -> None:
    said = Rejected(
        "quiet heron is weak",
        200,
        item_errors=(ItemError(0, "the password quiet heron", body={"value": ["quiet heron", 5, None]}),),
        body={"results": [{"errorText": "heron"}]},
    )
    masked = without_secrets_of(BODY, said)
    assert masked.error_text == "******** is weak"
    assert masked.item_errors[0].error_text == "the password ********"
    assert masked.item_errors[0].body == {"value": ["********", 5, None]}
    assert masked.body == {"results": [{"errorText": "********"}]}
    assert (masked.status, masked.error_code) == (200, None)


def test_words_without_a_secret_stay_as_they_are() -> None:
    said = Success({"name": "ADA", "text": "abcdef"})
    assert without_secrets_of(BODY, said) == said
    assert without_secrets_of({}, said) is said


def test_only_a_body_with_a_secret_has_to_be_sealed() -> None:
    assert has_secrets(BODY)
    assert not has_secrets({"userIds": (1, 2), "users": [{"name": "ADA"}]})
