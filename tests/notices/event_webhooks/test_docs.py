"""The signature checks of docs/api/webhooks.md, run as they stand there."""

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.database import ROOT
from vendor_admin.notices import webhooks

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
BODY = '{"type":"account.locked","name":"Zoë"}'


class Signing:
    """A webhook whose secret was just rolled."""

    def __init__(self) -> None:
        self.secret: Any = {"current": webhooks.new_secret(), "previous": webhooks.new_secret()}
        self.secret_changed_at: datetime | None = NOW


def example(language: str) -> str:
    page = (ROOT / "docs" / "api" / "webhooks.md").read_text()
    found = re.search(rf"```{language}\n(.*?)```", page, re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def signing() -> Signing:
    return Signing()


def test_the_python_check_takes_our_messages_and_no_others(signing: Signing) -> None:
    names: dict[str, Any] = {}
    exec(compile(example("python"), "webhooks.md", "exec"), names)  # noqa: S102 - of our own documentation
    headers = webhooks.signed_headers(signing, message_id="msg_1", body=BODY, now=NOW)
    at = NOW.timestamp()
    for secret in signing.secret.values():
        names["verify"](secret, headers, BODY.encode(), now=at + 60)
    for secret, body, now in (
        (webhooks.new_secret(), BODY, at),
        (signing.secret["current"], BODY + " ", at),
        (signing.secret["current"], BODY, at + 301),
    ):
        with pytest.raises(ValueError):
            names["verify"](secret, headers, body.encode(), now=now)


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node here")
def test_the_javascript_check_takes_our_messages_and_no_others(signing: Signing) -> None:
    headers = webhooks.signed_headers(signing, message_id="msg_1", body=BODY, now=NOW)
    calls = [
        (signing.secret["current"], BODY, True),
        (signing.secret["previous"], BODY, True),
        (webhooks.new_secret(), BODY, False),
        (signing.secret["current"], BODY + " ", False),
    ]
    script = example("javascript") + (
        "for (const [secret, body, isRight] of JSON.parse(process.argv[1])) {\n"
        "  let found = true;\n"
        "  try { verify(secret, JSON.parse(process.argv[2]), Buffer.from(body), Number(process.argv[3])); }\n"
        "  catch { found = false; }\n"
        "  if (found !== isRight) process.exit(1);\n"
        "}\n"
    )
    arguments = [json.dumps(calls), json.dumps(headers), str(NOW.timestamp())]
    done = subprocess.run(["node", "-e", script, *arguments], timeout=60, check=False)
    assert done.returncode == 0
