"""Whom a request is about, and changes of users, who are seen on both hosts."""

from vendor_admin.sandbox.world.state import Entity, Record
from vendor_admin.sandbox.writes.desk import Desk
from vendor_admin.sandbox.writes.refusals import MissingError
from vendor_admin.tradovate.enums import Environment


def own_user(desk: Desk, user_id: int | None) -> Record:
    """The user that a request means: without an id the caller; raises MissingError."""
    if user_id is not None and user_id != desk.admin_user_id and not desk.is_administrator:
        raise MissingError
    return desk.own("user", desk.admin_user_id if user_id is None else user_id)


def change_user(desk: Desk, user_id: int, **fields: str) -> Entity:
    """Change a user on both hosts; raises MissingError."""
    entity: Entity = {}
    for environment in (Environment.DEMO, Environment.LIVE):
        entity = desk.update("user", desk.own("user", user_id, environment=environment), environment, **fields)
    return entity
