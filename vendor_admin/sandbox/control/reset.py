"""The control verb that puts an organization back to its seed."""

from vendor_admin.sandbox.control.selection import Body, needed_organization
from vendor_admin.sandbox.platform import Platform
from vendor_admin.sandbox.world.build import moment_of
from vendor_admin.sandbox.world.seed_again import seed_again
from vendor_admin.tradovate.enums import Environment


def reset(platform: Platform, body: Body) -> Body:
    """Undo everything that was done in an `organization`; the sockets are told. Ids that were used are not used again,
    and tokens stay good.
    """
    organization, world = needed_organization(platform, body), platform.world
    user_ids, account_ids = (
        {one.entity["id"] for env in Environment for one in world.book(env, organization.id).all(entity_type)}
        for entity_type in ("user", "account")
    )
    platform.exchange.forget(organization)
    now = moment_of(platform.configuration)
    changes = seed_again(world, organization, configuration=platform.configuration, now=now)
    organization.is_vendor = organization.has_scopes = organization.has_funds_scope = True
    platform.writes.hidden.forget(user_ids=user_ids, account_ids=account_ids)
    world.agreements -= user_ids
    for change in changes:
        platform.publish(change)
    return {"changes": len(changes)}
