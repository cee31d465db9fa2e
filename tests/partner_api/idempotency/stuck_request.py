"""A web process that serves one write and stands still: `… <API key> <idempotency key> <step> <seconds>`."""

import json
import sys

import django
from django.conf import settings
from django.test import Client


def main() -> None:
    program, key, step, standstill = sys.argv[1:]
    django.setup()
    settings.ROOT_URLCONF = "tests.partner_api.idempotency.notes"
    settings.ALLOWED_HOSTS = ["testserver"]

    from tests.partner_api.idempotency import notes
    from vendor_admin.partner_api.idempotency import saved_answers

    notes.stands_still_at[0] = step
    saved_answers.LONGEST_STANDSTILL_SECONDS = int(standstill)
    keep = saved_answers.keep

    def keep_and_tell(**values: object) -> None:
        keep(**values)  # type: ignore[arg-type]
        notes.reached("kept")

    saved_answers.keep = keep_and_tell
    headers = {"Authorization": f"Bearer {program}", "Idempotency-Key": key}
    Client().post(notes.NOTES, json.dumps({"text": "hello"}), content_type="application/json", headers=headers)


if __name__ == "__main__":
    main()
