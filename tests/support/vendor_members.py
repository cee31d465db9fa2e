"""Members of the scene's vendor: who they are, what they hold, and targets of members to be made."""

from typing import Any

import psycopg
from psycopg import sql

from tests.support.running_hub import wait_until
from tests.support.scene import Scene
from vendor_admin.mirrors.models import PlatformUser
from vendor_admin.operations.kinds import Target

GOOD_PASSWORD = "seven quiet herons"


def members(scene: Scene) -> list[PlatformUser]:
    """The vendor's traders, without its administrator."""
    with scene.scope():
        users = PlatformUser.objects.filter(environment="live").order_by("entity_id")
        return list(users.exclude(entity_id=scene.vendor["user_id"]) if "user_id" in scene.vendor else users[1:])


def platform_ids(scene: Scene) -> dict[str, Any]:
    """The ids of plans, entitlements, templates and the billing account."""
    found: dict[str, Any] = scene.sandbox.control("ids", organization=scene.vendor["name"])
    return found


def new_member(number: int, *, password: str = GOOD_PASSWORD, **wanted: Any) -> Target:
    """The target of a member to be made."""
    values = {
        "name": f"NEW_{number:05d}",
        "email": f"new.{number}@traders.example",
        "firstName": "Ada",
        "lastName": "Abel",
    }
    return Target("user", None, values | wanted, {"password": password})


def of_user(scene: Scene, entity_type: str, user_id: int, environment: str = "live") -> list[dict[str, Any]]:
    """What the platform holds of one member."""
    return [one for one in scene.expected(entity_type, environment).values() if one.get("userId") == user_id]


def wait_for_mirror(scene: Scene, model: Any, **values: Any) -> Any:
    """Wait until the mirror has such a row, and return it."""

    def found() -> Any:
        with scene.scope():
            return model.objects.filter(**values).first()

    return wait_until(found, what=f"{model.__name__} {values}")


def everything_stored(admin_url: str) -> str:
    """The text of every row of every table, as the server's administrator sees it."""
    texts = []
    with psycopg.connect(admin_url) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for names in tables:
            rows = connection.execute(sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(*names)))
            texts += [row[0] for row in rows.fetchall()]
    return "\n".join(texts)
