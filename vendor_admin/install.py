"""Make .venv of what requirements.lock names: `python3 -m vendor_admin.install`, which make runs when it is needed.

pip does it, with pip's own settings: a company's index, its certificate authority, a proxy. Each file must have one of
the lock's hashes. The environment is made anew each time, so that what the lock no longer names is gone. Standard
library only, since nothing else is installed yet.
"""

import os
import re
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

FOLDER = Path(".venv")
LOCK = Path("requirements.lock")
MARK = "installed"
"""A file in the environment that is there once everything is."""

# pip 24.2 began to trust what the system trusts; an older one, which a fresh environment may have, knows only the
# public authorities that it brings along (pip's release notes).
_FIRST_PIP_TO_TRUST_THE_SYSTEM = (24, 2)
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # macOS, BSD
)
_NO_VENV = "python3 cannot make an environment; see above. On Debian and Ubuntu, install the package python3-venv."
_IS_A_LINK = (
    "{} is a link to {}, which is older than this folder's requirements.lock. Nothing was done: making it anew would "
    "empty it for others as well. Run make where it is, or remove the link."
)
_NOT_INSTALLED = """
pip could not install what requirements.lock names; its own words are above. It used pip's settings, which
`python3 -m pip config list` shows. If it could not reach an index, name yours:
    python3 -m pip config set global.index-url https://…/simple
If it did not trust the index's certificate, name the file of your certificate authority:
    python3 -m pip config set global.cert /path/to/ca.pem
Then run make again."""


class NotInstalled(Exception):
    """The environment could not be made; the text tells a person what to do."""


def main() -> int:
    """Make the environment in this folder; returns the exit code."""
    print("Installing what requirements.lock names into .venv; this takes about a minute.", flush=True)
    try:
        python = make_environment(FOLDER)
        install(python, LOCK)
    except NotInstalled as problem:
        print(problem, file=sys.stderr)
        return 1
    (FOLDER / MARK).touch()
    return 0


def make_environment(folder: Path) -> Path:
    """Make an empty environment in place of what is there; returns its Python. Raises NotInstalled.

    What a link leads to is somebody else's too: it is left alone.
    """
    if folder.is_symlink():
        raise NotInstalled(_IS_A_LINK.format(folder, folder.resolve()))
    if _run(sys.executable, "-m", "venv", "--clear", str(folder)).returncode:
        shutil.rmtree(folder, ignore_errors=True)
        raise NotInstalled(_NO_VENV)
    return folder / "bin" / "python"


def install(python: Path, lock: Path) -> None:
    """Install what the lock names, by pip, into the environment of this Python. Raises NotInstalled."""
    certificates = certificates_for(python)
    if certificates:
        print(f"This pip is older than 24.2; it is told to trust what this system trusts ({certificates}).", flush=True)
    trust = ("--cert", certificates) if certificates else ()
    options = ("--quiet", "--disable-pip-version-check", "--no-input", "--no-user", "--no-compile", *trust)
    if _run(str(python), "-m", "pip", "install", *options, "--require-hashes", "-r", str(lock)).returncode:
        raise NotInstalled(_NOT_INSTALLED)


def certificates_for(python: Path) -> str:
    """The system's certificates for a pip that would not look at them by itself and was not told which to trust."""
    if any(os.environ.get(name) for name in ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")):
        return ""
    version = re.match(r"pip (\d+)\.(\d+)", _answer(python, "--version"))
    if version is None or (int(version[1]), int(version[2])) >= _FIRST_PIP_TO_TRUST_THE_SYSTEM:
        return ""
    if re.search(r"^[^=\s]*\.(cert=|use-feature=.*truststore)", _answer(python, "config", "list"), re.MULTILINE):
        return ""
    found = (ssl.get_default_verify_paths().cafile, *_BUNDLES)
    return next((path for path in found if path and Path(path).is_file()), "")


def _answer(python: Path, *arguments: str) -> str:
    return _run(str(python), "-m", "pip", *arguments, output=subprocess.PIPE).stdout


def _run(*command: str, output: int | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, stdout=output, text=True, check=False)  # noqa: S603 - our own words


if __name__ == "__main__":
    sys.exit(main())
