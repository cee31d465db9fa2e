"""Reads the object literals of JavaScript examples: what they send is what is tested."""

import json
import re
from collections.abc import Mapping
from typing import Any

_WORD = re.compile(r"[A-Za-z_]\w*")


def objects(text: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Every `const name = {...}` of a text; `values` are those of the names that the text leaves open."""
    known: dict[str, Any] = dict(values)
    for found in re.finditer(r"const (\w+) = \{", text):
        literal = _balanced(text, found.end() - 1)
        known[found[1]] = _value(literal, known)
    return known


def _balanced(text: str, start: int) -> str:
    depth = 0
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if not depth:
            return text[start : place + 1]
    raise ValueError("an object without an end")


def _value(literal: str, known: Mapping[str, Any]) -> Any:
    """The literal as JSON would have it. A comma that an example forgot at the end of a line is put there."""
    lines = [line.split("//")[0].rstrip() for line in literal.splitlines()]
    lines = [line for line in lines if line.strip()]
    for number, line in enumerate(lines[:-1]):
        opens, follows = line.endswith(("{", "[", ",")), lines[number + 1].lstrip()[:1]
        if not opens and follows not in "}]":
            lines[number] = line + ","
    text = "\n".join(lines).replace("'", '"')
    text = re.sub(r"JSON\.stringify\((\w+)\)", lambda call: json.dumps(json.dumps(known[call[1]])), text)
    text = re.sub(r"(\w+)(?=\s*:)", r'"\1"', text)
    text = re.sub(r",(?=\s*[}\]])", "", text)
    text = re.sub(r"(?<=: )([A-Za-z_]\w*)(?=\s*[,}\n])", lambda word: _literal(word[1], known), text)
    return json.loads(text)


def _literal(word: str, known: Mapping[str, Any]) -> str:
    return word if word in ("true", "false", "null") else json.dumps(known[word])
