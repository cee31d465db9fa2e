"""How the audit's pages say what changed: fields and values in words, the codes stay in the export and in full."""

from collections.abc import Mapping

NOTHING = "–"
LONGEST = 40

FIELD_WORDS: Mapping[str, str] = {
    "client_id": "client id",
    "is_enabled": "enabled",
    "is_simulated": "simulated platform",
    "test_of": "test organization of",
    "kid": "key",
    "pointed_to_by": "named by",
    "redirect_uris": "redirect URIs",
    "rest_url": "REST address",
    "websocket_url": "WebSocket address",
}
"""Fields whose name with spaces would not say what they are."""
_STATES: dict[str, str] = {}


def name_states(words: Mapping[str, str]) -> None:
    """Let the audit call the states of an app's objects by these words."""
    _STATES.update(words)


def change_in_words(old: Mapping[str, object], new: Mapping[str, object], *, most: int = 4) -> str:
    """Return what changed in one line: at most so many fields, each with its old and its new value."""
    names = sorted({*old, *new})[:most]
    return ", ".join(f"{_field(name)}: {_value(name, old.get(name))} → {_value(name, new.get(name))}" for name in names)


def _field(name: str) -> str:
    return FIELD_WORDS.get(name, name.replace("_", " "))


def _value(name: str, value: object) -> str:
    if value in (None, "", [], {}):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        text = ", ".join(map(str, value))
    else:
        text = _STATES.get(str(value), str(value)) if name == "state" else str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
