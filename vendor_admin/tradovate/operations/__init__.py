"""The catalogue: what the platform offers, and on which terms."""

from vendor_admin.tradovate.catalogue.batches import Batch, Settled
from vendor_admin.tradovate.catalogue.entity_operations import LOOK_UP_PARAMETERS, entity_operation, query_of
from vendor_admin.tradovate.catalogue.entity_types import ENTITIES, EntityType, entity_type_of
from vendor_admin.tradovate.catalogue.look_ups import Doubt, LookUp, Reading
from vendor_admin.tradovate.catalogue.operation import MOST_IDS_IN_A_CALL, Operation
from vendor_admin.tradovate.catalogue.request import Request, without_secrets
from vendor_admin.tradovate.catalogue.write import Reversal, Write
from vendor_admin.tradovate.errors import Fault, InvalidRequest, NoSuchOperation
from vendor_admin.tradovate.operations.authentication import ACCESS_TOKEN_REQUEST, ME, RENEW_ACCESS_TOKEN
from vendor_admin.tradovate.operations.registry import WRITES, write_at
from vendor_admin.tradovate.operations.user import SYNC_REQUEST

__all__ = [
    "ACCESS_TOKEN_REQUEST",
    "ENTITIES",
    "LOOK_UP_PARAMETERS",
    "ME",
    "MOST_IDS_IN_A_CALL",
    "RENEW_ACCESS_TOKEN",
    "SYNC_REQUEST",
    "WRITES",
    "Batch",
    "Doubt",
    "EntityType",
    "Fault",
    "InvalidRequest",
    "LookUp",
    "NoSuchOperation",
    "Operation",
    "Reading",
    "Request",
    "Reversal",
    "Settled",
    "Write",
    "entity_operation",
    "entity_type_of",
    "query_of",
    "without_secrets",
    "write_at",
]
