"""Pages as tests read them."""

from typing import Any


def text_of(response: Any) -> str:
    """The words and tags of an answer, with single spaces: where a template breaks its lines makes no difference."""
    return " ".join(response.content.decode().split())
