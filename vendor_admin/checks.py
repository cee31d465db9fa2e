"""System checks of an installation: what `manage.py check` says before somebody is hurt by it.

The vendor_admin app registers them (`register`). Checks that ask the database say so only as a warning when it is down.
"""

from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet
from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.db import DatabaseError, connection

from vendor_admin.sync.log.retention import RETENTIONS, least_days, problem_of_retention
from vendor_admin.tradovate.api_hosts import HostRules, problem_of_host

# These make the roles, work as the owner, or serve nothing.
COMMANDS_WITHOUT_ROLES = {"ensure_roles", "migrate", "makemigrations", "sqlmigrate"}
ROLE_FACTS = """
    SELECT r.rolname, r.rolsuper, r.rolbypassrls,
           (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relowner = r.oid AND n.nspname = 'public' AND c.relkind IN ('r', 'p')),
           has_database_privilege(r.oid, current_database(), 'TEMPORARY')
    FROM pg_roles r WHERE r.rolname = ANY(%s)
"""


def register() -> None:
    """Add the checks to Django's. Called once, when the vendor_admin app is ready."""
    of_settings = (credential_keys, platform_hosts, syncz_token, retentions, demo_sign_in)
    for check in (*of_settings, database_logins, database_roles):
        checks.register(check)


def credential_keys(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Without a key no platform credential can be stored; a malformed key fails only when it is first needed."""
    hint = (
        "Make one with `python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'` "
        "and keep it apart from the database's backups."
    )
    if not settings.CREDENTIAL_KEYS:
        return [checks.Error("CREDENTIAL_KEYS is not set.", hint=hint, id="vendor_admin.E001")]
    for number, key in enumerate(settings.CREDENTIAL_KEYS, start=1):
        try:
            Fernet(key)
        except ValueError:
            return [
                checks.Error(f"Key {number} of CREDENTIAL_KEYS is no Fernet key.", hint=hint, id="vendor_admin.E002")
            ]
    return []


def platform_hosts(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """A domain that is none, or one that everybody may be under, would send tokens anywhere or nowhere."""
    odd = [one for one in settings.PLATFORM_HOSTS if problem_of_host(one, rules=HostRules(suffixes=(one,)))]
    if not odd:
        return []
    hint = "Give bare domains in small letters, such as example.com, without a star, a dot in front or a port."
    text = f"PLATFORM_HOSTS holds what is no domain: {', '.join(odd)}."
    return [checks.Error(text, hint=hint, id="vendor_admin.E008")]


def syncz_token(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Without a token only loopback can read /syncz, so no monitoring elsewhere can."""
    if settings.DEBUG or settings.SYNCZ_TOKEN:
        return []
    hint = "Set it to a long random word, and let your monitoring send it as `Authorization: Bearer …`."
    whom = "nobody, since BEHIND_PROXY is set" if settings.BEHIND_PROXY else "loopback only"
    return [checks.Warning(f"SYNCZ_TOKEN is not set: /syncz answers {whom}.", hint=hint, id="vendor_admin.W001")]


def retentions(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """What has been dropped or deleted does not come back."""
    problems = {name: problem_of_retention(name, getattr(settings, name)) for name in RETENTIONS}
    return [
        checks.Error(problem, hint=f"Set {name} to {least_days(name)} or more, or unset it.", id="vendor_admin.E006")
        for name, problem in problems.items()
        if problem
    ]


def demo_sign_in(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """The demo's switch, which spares its made-up users the second factor, belongs to the demo alone."""
    if not settings.DEMO_SIGN_IN_WITHOUT_CODE:
        return []
    if not settings.DEBUG:
        text = "DEMO_SIGN_IN_WITHOUT_CODE is set on an installation that is no demo."
        return [checks.Error(text, hint="Unset it; it does nothing here.", id="vendor_admin.E007")]
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT slug FROM organizations_organization WHERE NOT is_simulated ORDER BY slug LIMIT 1")
            found = cursor.fetchone()
    except DatabaseError:
        return []  # before the first migration there is nothing to guard
    if found is None:
        return []
    text = f"DEMO_SIGN_IN_WITHOUT_CODE does nothing any more: {found[0]} is a real organization."
    hint = "Unset it. Everybody, the demo's users too, now sets up a second factor at the next sign-in."
    return [checks.Warning(text, hint=hint, id="vendor_admin.W004")]


def database_logins(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """One login for everything can always become the owner again."""
    if not settings.DATABASE_ASSUME_ROLE:
        return []
    text = "Row level security is a safety net, not a wall here: the login that serves pages may act as other roles."
    hint = "Give DATABASE_URL a login of its own (`manage.py ensure_roles` makes it) and unset DATABASE_ASSUME_ROLE."
    return [checks.Warning(text, hint=hint, id="vendor_admin.W002")]


def database_roles(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """The roles that serve pages and sockets must exist, and must not pass by row level security."""
    if settings.COMMAND in settings.COMMANDS_WITHOUT_DATABASE | COMMANDS_WITHOUT_ROLES:
        return []
    wanted = {settings.OWNER_ROLE: "owner", settings.APP_ROLE: "app", settings.HUB_ROLE: "hub"}
    try:
        with connection.cursor() as cursor:
            cursor.execute(ROLE_FACTS, [list(wanted)])
            found = {row[0]: row[1:] for row in cursor.fetchall()}
    except DatabaseError as error:
        text = f"The database could not be asked about its roles: {str(error).strip()}"
        hint = "Check DATABASE_URL, and that PostgreSQL runs; before the first start run `manage.py ensure_roles`."
        return [checks.Warning(text, hint=hint, id="vendor_admin.W003")]
    return [*_missing(wanted, found), *_too_strong(found)]


def _missing(wanted: dict[str, str], found: dict[str, Any]) -> list[checks.CheckMessage]:
    names = [name for name in wanted if name not in found]
    if not names:
        return []
    sql = "\n".join(f"CREATE ROLE \"{name}\" LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '…';" for name in names)
    hint = f"Run `manage.py ensure_roles` with DATABASE_ADMIN_URL set, or have an administrator run:\n{sql}"
    return [checks.Error(f"Roles are missing: {', '.join(names)}.", hint=hint, id="vendor_admin.E003")]


def _too_strong(found: dict[str, Any]) -> list[checks.CheckMessage]:
    messages: list[checks.CheckMessage] = []
    for name in dict.fromkeys((settings.APP_ROLE, settings.HUB_ROLE)):
        is_superuser, bypasses, tables, temporary = found.get(name, (False, False, 0, False))
        if is_superuser or bypasses:
            text = f"The role {name} passes by row level security: it is a superuser or has BYPASSRLS."
            hint = f'Have an administrator run: ALTER ROLE "{name}" NOSUPERUSER NOBYPASSRLS;'
            messages.append(checks.Error(text, hint=hint, id="vendor_admin.E004"))
        if tables:
            text = f"The role {name} owns {tables} tables: an owner may change policies, and here sees all rows."
            hint = (
                "Serve with a role of its own: give DATABASE_URL and DATABASE_HUB_URL other users than "
                "DATABASE_OWNER_URL, or set DATABASE_ASSUME_ROLE; then run `manage.py ensure_roles`. If the tables "
                f'were made by the wrong role: REASSIGN OWNED BY "{name}" TO "{settings.OWNER_ROLE}";'
            )
            messages.append(checks.Error(text, hint=hint, id="vendor_admin.E005"))
        if temporary and not (is_superuser or tables):
            text = f"The role {name} may make temporary tables, which can take the names of others."
            hint = (
                "Run `manage.py ensure_roles`: a database that was restored or copied does not bring its own rights"
                " with it."
            )
            messages.append(checks.Warning(text, hint=hint, id="vendor_admin.W005"))
    return messages
