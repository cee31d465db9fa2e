"""When two names or e-mail addresses differ in the case of their letters alone: one rule, worked out by PostgreSQL.

Python and PostgreSQL fold letters in different ways (İ, ß, ς), so names that are compared never go through Python's
lower(): mirrors and what people write are folded by the same function of the database, `folded_name`.
It takes compatible forms apart first (É written in two ways, full-width letters are the same), and keeps marks: İ and
i are two letters. The search leaves marks out as well, by `searchable`, which starts from it.
"""

from collections.abc import Iterable

from django.db import connection
from django.db.models import Func, TextField


class FoldedName(Func):
    """A name of a mirror as it is compared."""

    function = "public.folded_name"
    output_field = TextField()


def fold(words: Iterable[str]) -> dict[str, str]:
    """Each word with what it is compared by. One query, none for no words. A NUL, which no name has, is left out."""
    given = {word for word in words if word}
    if not given:
        return {}
    ordered = sorted(given)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT public.folded_name(word) FROM unnest(%s::text[]) WITH ORDINALITY AS given(word, place)"
            " ORDER BY place",
            [[word.replace("\x00", "") for word in ordered]],
        )
        return dict(zip(ordered, (row[0] for row in cursor.fetchall()), strict=True))
