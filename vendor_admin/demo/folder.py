"""What one folder's demo keeps for itself: the lock, keys and passwords, logins, logs."""

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from cryptography.fernet import Fernet

from vendor_admin.private_files import read_object

LONGEST_LOG_BYTES = 5_000_000


@contextlib.contextmanager
def only_one(path: Path) -> Iterator[str | None]:
    """Hold the folder's lock and give None, or give a word on who holds it. A killed holder's lock is free."""
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            yield lock.read().strip() or "starting"
            return
        lock.truncate(0)
        lock.write(f"process {os.getpid()}\n")
        lock.flush()
        yield None
        lock.truncate(0)


def kept_secrets(path: Path) -> dict[str, str]:
    """Keys and passwords of this folder's demo, made once and kept in a file that only we can read."""
    kept: dict[str, str] = {}
    with contextlib.suppress(FileNotFoundError):
        kept = json.loads(path.read_text())
    wanted = ("postgres_password", "owner_password", "app_password", "hub_password", "valkey_password")
    made = {name: secrets.token_urlsafe(24) for name in (*wanted, "syncz_token")}
    made |= {"secret_key": secrets.token_urlsafe(48), "credential_key": Fernet.generate_key().decode()}
    if missing := {name: value for name, value in made.items() if name not in kept}:
        kept |= missing
        unfinished = path.with_suffix(".new")
        unfinished.touch(mode=0o600)
        unfinished.write_text(json.dumps(kept, indent=1))
        unfinished.replace(path)
    return kept


def log_path(folder: Path, name: str) -> Path:
    """Path of a child's log; a long one of earlier runs is set aside first."""
    path = folder / "log" / f"{name}.log"
    path.parent.mkdir(exist_ok=True, mode=0o700)  # seed_demo prints passwords
    if path.exists() and path.stat().st_size > LONGEST_LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path


def login_lines(path: Path) -> list[str]:
    """The logins that seed_demo wrote: a JSON list of objects with `user`, `password` and `what`."""
    try:
        logins = json.loads(path.read_text())
    except (OSError, ValueError):
        return []
    widths = [max(len(str(login[name])) for login in logins) for name in ("user", "password")]
    return [
        "  Sign in as",
        *(
            f"    {login['user']:<{widths[0]}}  {login['password']:<{widths[1]}}  {login.get('what', '')}"
            for login in logins
        ),
        *_second_factor_lines(logins),
        "",
    ]


def secrets_of_codes(path: Path) -> dict[str, str]:
    """The secrets of the second factors that seed_demo wrote, by user name."""
    try:
        logins = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return {login["user"]: login["totp_secret"] for login in logins if "totp_secret" in login}


def _second_factor_lines(logins: list[dict[str, str]]) -> list[str]:
    lines = ["  The password is enough here: a switch of this demo lets its users in without a second factor."]
    for login in logins:
        if secret := login.get("totp_secret"):
            lines.append(f"  Only {login['user']} shows the whole sign-in. `.venv/bin/python manage.py demo --code`")
            lines.append(f"  prints the code of the moment; for an authenticator app the secret is {secret}.")
    return lines


def member_lines(path: Path) -> list[str]:
    """What seed_members wrote: where members sign in, and as whom at the simulated platform."""
    try:
        members = json.loads(path.read_text())
    except (OSError, ValueError):
        return []
    widths = [max(len(str(member[name])) for member in members) for name in ("address", "user")]
    return [
        "  Members sign in at the simulated platform, where one click does",
        *(
            f"    {member['address']:<{widths[0]}}  {member['user']:<{widths[1]}}  {member['password']}"
            for member in members
        ),
        "",
    ]


def portal_lines(path: Path) -> list[str]:
    """Where a partner's portal runs that signs members in through us."""
    portal = read_object(path)
    if not portal:
        return []
    return [
        "  A sample portal of a partner, which signs members in through Vendor Admin",
        f"    {portal['url']}/  for members of {portal['organization']}",
        "",
    ]


def webhook_lines(path: Path) -> list[str]:
    """Where the sample receiver shows what it was told."""
    given = read_object(path)
    if not given:
        return []
    return [
        f"  A sample receiver of webhooks, which is told of what happens at {given['organization']}",
        f"    {given['url'].removesuffix('webhooks')}",
        "",
    ]


def api_lines(path: Path, *, port: int, events_port: int) -> list[str]:
    """Calls of the partner API that work when they are pasted."""
    given = read_object(path)
    if not given:
        return []
    curl = f"curl -H 'Authorization: Bearer {given['key']}'"
    return [
        f"  Call the partner API of {given['organization']}; docs/api/quick-start.md goes on from there",
        f"    {curl} 'http://localhost:{port}/api/v1/accounts?limit=3'",
        "  Wait for what happens next, for 20 seconds at most",
        f"    {curl} 'http://localhost:{events_port}/api/v1/events?after=latest&wait=20'",
        f"  Its reference: http://localhost:{port}/api/docs/",
        "",
    ]
