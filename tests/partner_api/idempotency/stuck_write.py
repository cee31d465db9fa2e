"""A web process that serves one write of the API and stands still: `… <API key> <idempotency key> <step>` and the
write as JSON, on standard input: its method, path and body."""

import json
import sys
import time
from typing import Any

import django
from django.conf import settings
from django.test import Client

STEPS = ("written", "kept", "committed")


def main() -> None:
    program, key, stands_still_at = sys.argv[1:]
    asked = json.load(sys.stdin)
    django.setup()
    settings.ALLOWED_HOSTS = ["testserver"]

    from vendor_admin.partner_api.idempotency import saved_answers
    from vendor_admin.partner_api.middleware import PartnerApiMiddleware

    def reached(step: str) -> None:
        if step == stands_still_at:
            print(f"at {step}", flush=True)
            time.sleep(3600)

    keep, call = saved_answers.keep, PartnerApiMiddleware.__call__

    def keep_and_tell(**values: object) -> None:
        reached("written")
        keep(**values)  # type: ignore[arg-type]
        reached("kept")

    def call_and_tell(self: Any, request: Any) -> Any:
        answer = call(self, request)
        reached("committed")
        return answer

    saved_answers.keep = keep_and_tell
    PartnerApiMiddleware.__call__ = call_and_tell  # type: ignore[method-assign]
    headers = {"Authorization": f"Bearer {program}", "Idempotency-Key": key}
    Client().generic(
        asked["method"], asked["path"], json.dumps(asked["body"]), content_type="application/json", headers=headers
    )


if __name__ == "__main__":
    main()
