"""Makes the schema of the whole API, and the committed file that tests and clients read."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from drf_spectacular.generators import SchemaGenerator

SCHEMA_FILE = Path(settings.BASE_DIR) / "docs" / "api" / "openapi.json"


@cache
def schema() -> dict[str, Any]:
    """The schema of what this process serves; made once."""
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    plain: dict[str, Any] = json.loads(json.dumps(made, default=str))
    return plain


def schema_text() -> str:
    """The schema as the file has it."""
    return json.dumps(schema(), indent=1, ensure_ascii=False, sort_keys=False) + "\n"
