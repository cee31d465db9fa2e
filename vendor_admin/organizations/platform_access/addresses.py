"""What may stand in a connection: addresses, credentials, entity types. Pure: no database, no network."""

import difflib
import ipaddress
import uuid
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from urllib.parse import urlsplit

from vendor_admin.errors import InvalidFields
from vendor_admin.organizations.encryption import SecretDict
from vendor_admin.tradovate.api_hosts import may_share_tokens
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations import ENTITIES

REQUIRED_CREDENTIALS = ("name", "password", "app_id", "cid", "sec")
OTHER_SPELLINGS = {"appId": "app_id", "appVersion": "app_version", "deviceId": "device_id"}
DEFAULT_APP_VERSION = "1.0"


def problems_of_addresses(
    *, environment: str, rest_url: str, websocket_url: str, may_be_plain: Callable[[str], bool]
) -> dict[str, str]:
    """What is wrong with the two addresses of an environment, by field; empty if nothing is.

    `may_be_plain` tells of an address whether it may go without TLS.
    """
    problems = {}
    problem = partial(_problem, environment=environment, may_be_plain=may_be_plain)
    if text := problem(rest_url, kind="REST", schemes=("https", "http")):
        problems["rest_url"] = text
    elif urlsplit(rest_url).path.rstrip("/").endswith("/websocket"):
        problems["rest_url"] = "The REST address ends in /websocket: that is the socket address."
    if text := problem(websocket_url, kind="socket", schemes=("wss", "ws")):
        problems["websocket_url"] = text
    elif not urlsplit(websocket_url).path.rstrip("/").endswith("/websocket"):
        problems["websocket_url"] = (
            "The socket address must end in /websocket, as in wss://demo.tradovateapi.com/v1/websocket."
        )
    elif not problems and not may_share_tokens(rest_url, websocket_url):
        problems["websocket_url"] = (
            f"REST goes to {host_of(rest_url)}, the socket to {host_of(websocket_url)}: a token of one is not known to "
            "the other. Use the addresses of one platform."
        )
    return problems


def is_loopback(url: str) -> bool:
    """Whether an address stays on this machine, as the sandbox's do."""
    return is_loopback_name(host_of(url))


def is_loopback_name(host: str) -> bool:
    """Whether a host is this machine by its very name or number, whatever a name server says."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def host_of(url: str) -> str:
    """The host that an address names, in small letters; empty where it names none."""
    try:
        return (urlsplit(url).hostname or "").lower().rstrip(".")
    except ValueError:
        return ""


def environment_named_by(host: str, path: str) -> str | None:
    """What a host (demo.…, live-api.…, md.…) or the sandbox's first folder (/demo/v1) says about itself."""
    first_label = host.lower().split(".")[0].split("-")[0]
    first_folder = path.strip("/").split("/")[0].lower()
    for word in (first_label, first_folder):
        if word in (*Environment, "md"):
            return word
    return None


def normal_url(url: str) -> str:
    """The address as it is stored: without spaces around it or a slash at its end."""
    return url.strip().rstrip("/")


def complete_credentials(
    given: Mapping[str, object],
    *,
    known: Mapping[str, object] | None = None,
    others: Iterable[Mapping[str, object]] = (),
) -> SecretDict:
    """The credentials as stored, from either spelling (app_id or appId); what is not given is kept from the known ones.

    Raises InvalidFields.

    `device_id` is kept from the known credentials, taken from `others` of the same key (those of the organization's
    other environment), or made once: a new device may need an approval by e-mail, and one key logs in as one device.
    """
    kept = {name: value for name, value in (known or {}).items() if name in (*REQUIRED_CREDENTIALS, "app_version")}
    values = kept | {
        OTHER_SPELLINGS.get(name, name): str(value).strip() for name, value in given.items() if value is not None
    }
    allowed = {*REQUIRED_CREDENTIALS, "app_version", "device_id"}
    unknown = sorted(values.keys() - allowed)
    missing = [name for name in REQUIRED_CREDENTIALS if not values.get(name)]
    if unknown or missing:
        said = f"The credentials lack {', '.join(missing)}. " if missing else ""
        said += f"Not known: {', '.join(unknown)}. " if unknown else ""
        said += f"Needed are {', '.join(REQUIRED_CREDENTIALS)}; app_version and device_id may be given."
        raise InvalidFields.from_texts({"credentials": said})
    values.setdefault("app_version", DEFAULT_APP_VERSION)
    values["device_id"] = values.get("device_id") or _device_of(values, known=known or {}, others=others)
    return SecretDict(values)


def is_same_key(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Whether credentials are of the same user and key; a new password of the same ones changes nothing."""
    return all(one.get(name) == other.get(name) for name in ("name", "cid"))


def problem_of_entity_types(entity_types: Iterable[str]) -> str | None:
    """A sentence about the first entity type that the platform does not have."""
    for name in entity_types:
        if name not in ENTITIES:
            near = difflib.get_close_matches(name, ENTITIES, n=3)
            hint = (
                f" Did you mean {', '.join(near)}?"
                if near
                else " Names are singular, as in order or accountRiskStatus."
            )
            return f"The platform has no entity type {name!r}.{hint}"
    return None


def _device_of(
    values: Mapping[str, object], *, known: Mapping[str, object], others: Iterable[Mapping[str, object]]
) -> str:
    """The device that this key logs in as. One that is in use stays: it may have been approved."""
    of_key = [one["device_id"] for one in (known, *others) if one.get("device_id") and is_same_key(one, values)]
    return str(next(iter(of_key), None) or known.get("device_id") or uuid.uuid4())


def _problem(
    url: str, *, kind: str, schemes: tuple[str, str], environment: str, may_be_plain: Callable[[str], bool]
) -> str | None:
    secure, plain = schemes
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        return f"The {kind} address cannot be read: {error}."
    if parts.scheme not in schemes or not parts.hostname:
        return f"The {kind} address must begin with {secure}:// and name a host."
    if parts.username or parts.password:
        return f"The {kind} address must not hold a user name or password; they belong to the credentials."
    if parts.query or parts.fragment:
        return f"The {kind} address must not hold ? or #."
    if parts.scheme == plain and not may_be_plain(url):
        return f"The {kind} address must begin with {secure}://: {plain}:// would send the token in the clear."
    named = environment_named_by(parts.hostname, parts.path)
    if named == "md":
        return f"{parts.hostname} serves market data only. Use the host of the {environment.upper()} environment."
    if named and named != environment:
        return (
            f"The {kind} address is of the {named.upper()} environment, but the connection is {environment.upper()}. "
            f"Use the {environment.upper()} address, or --environment {named}."
        )
    return None
