"""Makes the three database roles, the database, and the rights that new tables start with. May be run again at any
time."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, LiteralString
from urllib.parse import unquote, urlsplit, urlunsplit

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from psycopg import sql

VARIABLES = {"owner": "DATABASE_OWNER_URL", "app": "DATABASE_URL", "hub": "DATABASE_HUB_URL"}
PLACE = "the password in {variable}"


@dataclass(frozen=True)
class Login:
    """One role as its address names it."""

    variable: str
    name: str
    password: str | None
    database: str


class Command(BaseCommand):
    help = (
        "Make the roles named in DATABASE_OWNER_URL, DATABASE_URL and DATABASE_HUB_URL, the database and its default "
        "rights. Logs in with DATABASE_ADMIN_URL (may create roles and databases), else with DATABASE_OWNER_URL."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        logins = _logins()
        admin_url = os.environ.get("DATABASE_ADMIN_URL") or settings.DATABASE_OWNER_URL
        owner = logins["owner"]
        with _connect(_with_database(admin_url, "postgres"), fallback=admin_url) as connection:
            if not _may_create_roles(connection) and not _all_there(connection, logins):
                raise CommandError(_request_to_administrator(connection, logins))
            self._make_roles(connection, logins)
            if not _database_exists(connection, owner.database):
                _run(connection, "CREATE DATABASE {} OWNER {}", owner.database, owner.name)
                self.stdout.write(f"Made the database {owner.database}.")
        with _connect(_with_database(admin_url, owner.database)) as connection:
            for statement in _rights(logins):
                _attempt(connection, statement)
        self.stdout.write(self.style.SUCCESS(f"Roles and rights are in place: {_names(logins)}."))

    def _make_roles(self, connection: psycopg.Connection, logins: dict[str, Login]) -> None:
        for login in {login.name: login for login in logins.values()}.values():
            if _role_exists(connection, login.name):
                self._mend_role(connection, login)
                continue
            connection.execute(_create_role(login, password=login.password))
            self.stdout.write(f"Made the role {login.name}.")
        owner = logins["owner"].name
        if _may_create_roles(connection) and not _is_current_user(connection, owner):
            # To make a database for another role one must be able to become it (a superuser can anyway).
            _attempt(connection, sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(owner)))
        if settings.DATABASE_ASSUME_ROLE:
            # One login that becomes the app role in each session.
            user = unquote(urlsplit(settings.DATABASE_APP_URL).username or "")
            names = (sql.Identifier(settings.DATABASE_ASSUME_ROLE), sql.Identifier(user))
            _attempt(connection, sql.SQL("GRANT {} TO {}").format(*names))

    def _mend_role(self, connection: psycopg.Connection, login: Login) -> None:
        """Take from a role of ours what would lift it over the policies, and give it the password of its address."""
        if not _may_create_roles(connection) or _is_current_user(connection, login.name):
            return
        name = sql.Identifier(login.name)
        row = connection.execute(
            "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = %s", [login.name]
        ).fetchone()
        if row and row[0]:
            _attempt(connection, sql.SQL("ALTER ROLE {} NOSUPERUSER NOBYPASSRLS").format(name))
            self.stdout.write(f"Took SUPERUSER and BYPASSRLS from the role {login.name}.")
        if login.password:
            connection.execute(sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(name, sql.Literal(login.password)))


def _logins() -> dict[str, Login]:
    """The three roles. Without an address of its own the hub's role is made all the same: migrations grant to it."""
    urls = {"owner": settings.DATABASE_OWNER_URL, "app": settings.DATABASE_APP_URL, "hub": settings.DATABASE_HUB_URL}
    roles = {"owner": settings.OWNER_ROLE, "app": settings.APP_ROLE, "hub": settings.HUB_ROLE}
    logins: dict[str, Login] = {}
    if not settings.DATABASE_APP_URL:
        raise CommandError("DATABASE_URL is not set: it names the role that serves pages, and its password.")
    for role, variable in VARIABLES.items():
        parts = urlsplit(urls[role] or urls["owner"])
        if not parts.username or not parts.path.strip("/"):
            what = "must be an address with user and database: postgres://USER:PASSWORD@HOST/NAME"
            raise CommandError(f"{variable} {what}")
        # A role that is only assumed (DATABASE_ASSUME_ROLE) or has no address needs no password.
        is_login = bool(urls[role]) and unquote(parts.username) == roles[role]
        logins[role] = Login(
            variable=variable,
            name=roles[role],
            password=unquote(parts.password) if parts.password and is_login else None,
            database=unquote(parts.path.strip("/")),
        )
    if len({login.database for login in logins.values()}) > 1:
        raise CommandError(f"{', '.join(VARIABLES.values())} must name the same database.")
    return logins


def _with_database(url: str, database: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(("postgresql", parts.netloc, f"/{database}", parts.query, ""))


def _connect(url: str, *, fallback: str | None = None) -> psycopg.Connection:
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        if fallback:
            return _connect(_with_database(fallback, urlsplit(fallback).path.strip("/")))
        parts = urlsplit(url)
        raise CommandError(
            f"PostgreSQL at {parts.hostname}:{parts.port or 5432} does not let {parts.username} into {parts.path[1:]}: "
            f"{str(error).strip()}\nSet DATABASE_ADMIN_URL to a login that may create roles and databases."
        ) from None


def _may_create_roles(connection: psycopg.Connection) -> bool:
    return _is_true(connection, "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")


def _role_exists(connection: psycopg.Connection, name: str) -> bool:
    return _is_true(connection, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s)", name)


def _database_exists(connection: psycopg.Connection, name: str) -> bool:
    return _is_true(connection, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = %s)", name)


def _is_current_user(connection: psycopg.Connection, name: str) -> bool:
    return _is_true(connection, "SELECT current_user = %s", name)


def _all_there(connection: psycopg.Connection, logins: dict[str, Login]) -> bool:
    return all(_role_exists(connection, login.name) for login in logins.values()) and _database_exists(
        connection, logins["owner"].database
    )


def _is_true(connection: psycopg.Connection, query: LiteralString, *parameters: str) -> bool:
    row = connection.execute(query, parameters).fetchone()
    return bool(row and row[0])


def _run(connection: psycopg.Connection, statement: LiteralString, *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*(sql.Identifier(name) for name in names)))


def _create_role(login: Login, *, password: str | None) -> sql.Composed:
    statement = sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS").format(sql.Identifier(login.name))
    return statement + (sql.SQL(" PASSWORD {}").format(sql.Literal(password)) if password else sql.SQL(""))


def _rights(logins: dict[str, Login]) -> Iterator[sql.Composed]:
    """What holds inside the database: who may connect and use the schema, and the rights that new tables start with."""
    owner, app, hub = (sql.Identifier(logins[role].name) for role in ("owner", "app", "hub"))
    database = sql.Identifier(logins["owner"].database)
    defaults = sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA public ").format(owner)
    yield sql.SQL("CREATE EXTENSION IF NOT EXISTS pg_trgm").format()
    yield sql.SQL("REVOKE CREATE ON SCHEMA public FROM PUBLIC").format()
    yield sql.SQL("GRANT USAGE, CREATE ON SCHEMA public TO {}").format(owner)
    yield sql.SQL("GRANT CONNECT ON DATABASE {} TO {}, {}, {}").format(database, owner, app, hub)
    # Whoever may make temporary objects can give them the names of others.
    yield sql.SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC, {}, {}").format(database, app, hub)
    yield sql.SQL("GRANT USAGE ON SCHEMA public TO {}, {}").format(app, hub)
    yield defaults + sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}").format(app)
    yield defaults + sql.SQL("GRANT USAGE ON SEQUENCES TO {}, {}").format(app, hub)


def _attempt(connection: psycopg.Connection, statement: sql.Composed) -> None:
    try:
        connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege as error:
        raise CommandError(
            f"This login may not do everything: {str(error).strip()}\n"
            f"Set DATABASE_ADMIN_URL to a superuser, or have an administrator run in this database:\n\n"
            f"    {statement.as_string(connection)};"
        ) from None


def _request_to_administrator(connection: psycopg.Connection, logins: dict[str, Login]) -> str:
    """The SQL that somebody with more rights can run, with places for passwords."""
    lines: list[str] = []
    for login in {login.name: login for login in logins.values()}.values():
        if not _role_exists(connection, login.name):
            place = PLACE.format(variable=login.variable)
            lines.append(_create_role(login, password=place).as_string(connection) + ";")
    owner = logins["owner"]
    if not _database_exists(connection, owner.database):
        names = (sql.Identifier(owner.database), sql.Identifier(owner.name))
        lines.append(sql.SQL("CREATE DATABASE {} OWNER {};").format(*names).as_string(connection))
    lines.append(f"\\connect {owner.database}")
    lines += [statement.as_string(connection) + ";" for statement in _rights(logins)]
    return (
        "This login may not create roles. Set DATABASE_ADMIN_URL to one that may, or have an administrator run:\n\n"
        + "\n".join(f"    {line}" for line in lines)
        + "\n\nThen run `manage.py ensure_roles` again."
    )


def _names(logins: dict[str, Login]) -> str:
    return ", ".join(f"{role} {login.name}" for role, login in logins.items())
