"""Prints figures as one table."""

from collections.abc import Sequence

from benchmarks.measuring import Figure

HEADINGS = ("goal", "what", "median", "spread", "floor", "aim", "")


def table(figures: Sequence[Figure]) -> str:
    """The table and, below it, the notes of each figure."""
    lines = [HEADINGS, *(_cells(figure) for figure in figures)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    text = [
        "  ".join(_aligned(cell, width, column) for column, (cell, width) in enumerate(zip(line, widths, strict=True)))
        for line in lines
    ]
    text.insert(1, "  ".join("-" * width for width in widths))
    notes = [f"{figure.goal}: {note}" for figure in figures for note in figure.notes]
    return "\n".join([*text, "", *notes])


def _aligned(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column < 2 else cell.rjust(width)


def _cells(figure: Figure) -> tuple[str, ...]:
    bound = "<=" if figure.is_ceiling else ">="
    verdict = "aim reached" if figure.reaches_aim else "floor reached" if figure.reaches_floor else "below the floor"
    if figure.misses:
        verdict = "MISSED"
    return (
        figure.goal,
        figure.what,
        f"{_number(figure.median)}{figure.unit}",
        f"±{_number(figure.spread / 2)}",
        f"{bound} {_number(figure.floor)}",
        f"{bound} {_number(figure.aim)}",
        verdict,
    )


def _number(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 10 else f"{value:,.0f}"
