"""The install step on a fresh machine in a company: pip knows the index and whom to trust, and nothing else is set.

The index is ours, over TLS on the loopback interface, with a certificate authority that no public store has; it serves
three tiny wheels. In a folder with spaces.
"""

import hashlib
import os
import shutil
import ssl
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.database import ROOT
from vendor_admin.install import LOCK, NotInstalled, install, make_environment


@dataclass
class Company:
    """A folder with the project's install step, a home with pip's settings, and the index they lead to."""

    project: Path
    home: Path
    authority: Path
    index_url: str
    hashes: dict[str, str]
    made: "subprocess.CompletedProcess[str] | None" = None

    @property
    def python(self) -> Path:
        return self.project / ".venv" / "bin" / "python"

    def lock(self, name: str, *, digest: str = "") -> Path:
        path = self.project / LOCK
        path.write_text(f"{name}==1.0 --hash=sha256:{digest or self.hashes[name]}\n")
        return path

    def can_import(self, name: str) -> bool:
        return subprocess.run([self.python, "-c", f"import {name}"], capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    folder = tmp_path_factory.mktemp("company")
    project = folder / "a folder with spaces"
    (project / "vendor_admin").mkdir(parents=True)
    for name in ("Makefile", "vendor_admin/__init__.py", "vendor_admin/install.py"):
        shutil.copy(ROOT / name, project / name)
    digests = {name: _wheel(folder / "index" / "simple" / name, name) for name in ("alpha", "beta", "gamma")}
    authority, certificate = _certificates(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder / "index")))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    index_url = f"https://127.0.0.1:{server.server_address[1]}/simple/"
    settings = folder / "home" / ".config" / "pip" / "pip.conf"
    settings.parent.mkdir(parents=True)
    settings.write_text(f"[global]\nindex-url = {index_url}\ncert = {authority}\nretries = 0\n")
    company = Company(project, folder / "home", authority, index_url, digests)
    company.lock("alpha")
    company.made = subprocess.run(
        ["make", ".venv/installed"],
        cwd=project,
        env={"PATH": os.environ["PATH"], "HOME": str(company.home), "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    yield company
    server.shutdown()
    server.server_close()


def test_make_installs_by_the_settings_of_pip_alone(company: Company) -> None:
    assert company.made is not None
    assert company.made.returncode == 0, company.made.stdout + company.made.stderr
    assert company.can_import("alpha")
    assert (company.project / ".venv" / "installed").exists()


def test_an_authority_of_the_system_alone_is_trusted_by_any_pip(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    _only(monkeypatch, company, SSL_CERT_FILE=str(company.authority))
    install(company.python, company.lock("beta"))
    assert company.can_import("beta")


def test_a_file_with_another_hash_is_not_installed_and_the_words_say_what_to_do(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    _only(monkeypatch, company, PIP_CERT=str(company.authority))
    with pytest.raises(NotInstalled, match=r"global\.cert"):
        install(company.python, company.lock("gamma", digest="0" * 64))
    assert not company.can_import("gamma")


def _only(monkeypatch: pytest.MonkeyPatch, company: Company, **more: str) -> None:
    """Leave nothing in the environment but what pip needs to find the index, and no file of settings."""
    for name in list(os.environ):
        if name.startswith(("PIP_", "SSL_")) or name.endswith("_CA_BUNDLE"):
            monkeypatch.delenv(name)
    settings = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": company.index_url, "PIP_RETRIES": "0", **more}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        pass


def _wheel(folder: Path, name: str) -> str:
    """A wheel of one empty module in the index; returns its hash."""
    folder.mkdir(parents=True)
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}.py", "")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    (folder / "index.html").write_text(f'<!DOCTYPE html><a href="{path.name}">{path.name}</a>')
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _certificates(folder: Path) -> tuple[Path, Path]:
    """An authority of our own, and a certificate with its key that it gave to 127.0.0.1."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("Our company", "Our index")]
    paths = folder / "authority.pem", folder / "index.pem"
    for number, path in enumerate(paths):
        is_authority = number == 0
        key = keys[number]
        builder = (
            x509.CertificateBuilder()
            .issuer_name(names[0])
            .subject_name(names[number])
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime.now(UTC) - timedelta(days=1))
            .not_valid_after(datetime.now(UTC) + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(keys[0].public_key()), critical=False)
        )
        if not is_authority:
            address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
            builder = builder.add_extension(address, critical=False)
        pem = builder.sign(keys[0], hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        if not is_authority:
            pem += key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        path.write_bytes(pem)
    return paths


def test_an_environment_that_others_use_too_is_not_emptied_through_a_link(tmp_path: Path) -> None:
    theirs, link = tmp_path / "theirs", tmp_path / ".venv"
    theirs.mkdir()
    (theirs / "pyvenv.cfg").touch()
    link.symlink_to(theirs)

    with pytest.raises(NotInstalled, match="is a link to"):
        make_environment(link)
    assert (theirs / "pyvenv.cfg").exists()
