"""Which views have a form with a file: their requests may be large (web/request_sizes.py)."""

from collections.abc import Callable
from typing import TypeVar

View = TypeVar("View", bound=Callable[..., object])


def takes_files(view: View) -> View:
    """Mark a view whose form has a file."""
    view.takes_files = True  # type: ignore[attr-defined]
    return view


def has_files(view: Callable[..., object]) -> bool:
    """Whether a view is marked so."""
    return bool(getattr(view, "takes_files", False))
