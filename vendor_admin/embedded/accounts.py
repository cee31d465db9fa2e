"""The account that PostgreSQL runs under when we are root: the server refuses to run as root.

No account is created and no existing folder's mode is changed. The server runs as `nobody`; when that account cannot
reach the wanted folder (a checkout below a closed home), its data goes to a folder that it can reach, and a note beside
the wanted folder says where. Other programs run as `nobody` could read such data: it is for demos and tests.
"""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from vendor_admin.embedded.errors import EmbeddedError

# Where a folder can go that everybody can reach; the first is not swept by cleaners of temporary files.
REACHABLE_PARENTS = (Path("/var/lib"), Path("/var/tmp"), Path("/tmp"))  # noqa: S108 - mkdtemp makes private folders there
FOLDER_PREFIX = "vendor-admin-"


@dataclass(frozen=True)
class Account:
    name: str
    uid: int
    gid: int


def unprivileged_account() -> Account | None:
    """The account to run a server under, or None when we are not root and can run it ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedError(
            "PostgreSQL refuses to run as root, and this machine has no account `nobody` to run it under. "
            "Start as another user, or set DATABASE_URL to a PostgreSQL of your own."
        ) from None
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def home_folder(wanted: Path, *, account: Account | None) -> Path:
    """Make (or find again) the folder for the server's data: `wanted`, or one elsewhere that the account can reach."""
    if account is None:
        wanted.mkdir(parents=True, exist_ok=True, mode=0o700)
        return wanted
    if (elsewhere := _noted_folder(wanted, account=account)) is not None:
        return elsewhere
    wanted.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.chown(wanted, account.uid, account.gid)
    if _can_work_in(wanted, account=account):
        return wanted
    wanted.rmdir()
    for parent in REACHABLE_PARENTS:
        with contextlib.suppress(OSError):
            folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX, dir=parent))
            os.chown(folder, account.uid, account.gid)
            if _can_work_in(folder, account=account):
                _note(wanted).write_text(f"{folder}\n")
                return folder
            folder.rmdir()
    raise EmbeddedError(
        f"No folder found that the account {account.name} can reach, tried {wanted} and "
        f"{', '.join(map(str, REACHABLE_PARENTS))}."
    )


def remove_home_folder(wanted: Path) -> None:
    """Remove the data folder made by `home_folder`, wherever it is."""
    account = unprivileged_account()
    if account is not None and (elsewhere := _noted_folder(wanted, account=account)) is not None:
        shutil.rmtree(elsewhere)
    _note(wanted).unlink(missing_ok=True)
    if wanted.exists():
        shutil.rmtree(wanted)


def can_run(command: list[str], *, account: Account) -> bool:
    """Whether the account can run this command; found out by running it."""
    try:
        finished = subprocess.run(  # noqa: S603 - argument lists of our own, no shell
            command,
            cwd="/",
            user=account.uid,
            group=account.gid,
            extra_groups=[],
            capture_output=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return finished.returncode == 0


def _can_work_in(folder: Path, *, account: Account) -> bool:
    return can_run(["/bin/sh", "-c", 'cd "$1" && test -w .', "sh", str(folder.resolve())], account=account)


def _note(wanted: Path) -> Path:
    return wanted.with_name(f"{wanted.name}.elsewhere")


def _noted_folder(wanted: Path, *, account: Account) -> Path | None:
    """The folder that the note names, if it is one that we made: believed only by name, owner and kind."""
    try:
        folder = Path(_note(wanted).read_text().strip())
        found = folder.lstat()
    except OSError:
        return None
    ours = folder.parent in REACHABLE_PARENTS and folder.name.startswith(FOLDER_PREFIX)
    if not (ours and folder.is_dir() and not folder.is_symlink() and found.st_uid == account.uid):
        raise EmbeddedError(
            f"{_note(wanted)} names {folder}, which is not a data folder of ours. Remove the note to start fresh."
        )
    return folder
