"""A text input that suggests values while somebody types. Without JavaScript, and in browsers without lists of
suggestions, it is a plain one.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


class SuggestingInput(forms.TextInput):
    """`offered` gives values with what people should know of each, once the input is shown; others may be typed too."""

    offered: Callable[[], Iterable[tuple[str, str]]] = staticmethod(tuple)

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        list_id = f"{name}_offered"
        # Firefox suggests nothing where completing is off.
        shown = super().render(name, value, {**(attrs or {}), "list": list_id, "autocomplete": "on"}, renderer)
        options = format_html_join("", '<option value="{}">{}</option>', self.offered())
        return format_html('{}<datalist id="{}">{}</datalist>', shown, list_id, options)
