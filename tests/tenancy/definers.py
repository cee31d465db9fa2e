"""What is wrong with the functions that run as the database's owner, whoever calls them."""

import re

import psycopg

# With public left out, a name that does not say its schema is not found at all; with pg_temp last, nothing that a
# caller made hides what PostgreSQL has.
PATH = "search_path=pg_catalog, pg_temp"
DEFINERS = """
    SELECT p.proname, p.prosrc, coalesce(p.proconfig, '{}'), pg_get_userbyid(p.proowner), l.lanname,
           EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0)
      FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
     WHERE p.prosecdef AND p.pronamespace <> 'pg_catalog'::regnamespace ORDER BY 1
"""
NAMES = """
    SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
    UNION
    SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
"""


def definers(connection: psycopg.Connection) -> list[str]:
    return [row[0] for row in connection.execute(DEFINERS)]


def weak_definers(connection: psycopg.Connection, *, owner: str) -> list[str]:
    """A complaint for each fault of each function that runs with its owner's rights."""
    names = [row[0] for row in connection.execute(NAMES)]
    unqualified = re.compile(rf"(?<![\w.])(?:{'|'.join(map(re.escape, names))})(?![\w.])")
    complaints = []
    for name, source, configuration, owned_by, language, is_public in connection.execute(DEFINERS).fetchall():
        if PATH not in configuration:
            complaints.append(f"{name}: set its search_path to pg_catalog, pg_temp")
        if is_public:
            complaints.append(f"{name}: revoke EXECUTE from PUBLIC")
        if owned_by != owner:
            complaints.append(f"{name}: it belongs to {owned_by}")
        if language not in ("sql", "plpgsql"):
            complaints.append(f"{name}: written in {language}")
        complaints += [f"{name}: write public.{found}" for found in unqualified.findall(_without_comments(source))]
    return complaints


def _without_comments(source: str) -> str:
    return re.sub(r"--[^\n]*|/\*.*?\*/", " ", source, flags=re.DOTALL)
