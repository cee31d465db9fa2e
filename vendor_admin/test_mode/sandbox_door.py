"""The control door of the sandbox that the operator runs for test mode (TEST_SANDBOX_URL, TEST_SANDBOX_SECRET)."""

from typing import Any

import requests
from django.conf import settings

from vendor_admin.errors import Unavailable
from vendor_admin.organizations.platform_access.network_policy import is_of_sandbox

PATIENCE_SECONDS = 10.0
OFF = "Test mode is off in this installation: its operator has named no sandbox for it (TEST_SANDBOX_URL)."
ELSEWHERE = (
    "TEST_SANDBOX_URL must lead to this machine, or to a container by its name without a dot: "
    "the sandbox only simulates the platform."
)
SILENT = "The sandbox of test mode does not answer. Try again later, or tell the operator of this installation."


def sandbox_url() -> str:
    """The origin of the sandbox. Raises Unavailable where test mode is off."""
    url: str = settings.TEST_SANDBOX_URL
    if not url:
        raise Unavailable(OFF, code="test_mode_off")
    if not is_of_sandbox(url):
        raise Unavailable(ELSEWHERE, code="test_mode_off")
    return url


def organizations() -> list[dict[str, Any]]:
    """The vendors of the sandbox with their credentials. Raises Unavailable."""
    found: list[dict[str, Any]] = _call("GET", "organizations")
    return found


def reset(name: str) -> int:
    """Put a vendor back to its seed; returns how many changes that took. Raises Unavailable."""
    return int(_call("POST", "reset", {"organization": name})["changes"])


def _call(method: str, verb: str, body: dict[str, Any] | None = None) -> Any:  # Any: JSON values
    secret: str = settings.TEST_SANDBOX_SECRET
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    address = f"{sandbox_url()}/control/{verb}"
    try:
        with requests.Session() as session:
            session.trust_env = False  # a proxy is no way to this machine
            answer = session.request(
                method, address, json=body, headers=headers, timeout=PATIENCE_SECONDS, allow_redirects=False
            )
        answer.raise_for_status()
        return answer.json()
    except (requests.RequestException, ValueError) as error:
        raise Unavailable(SILENT, code="test_sandbox_silent") from error
