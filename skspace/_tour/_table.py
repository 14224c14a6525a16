"""Tables in plain text: right-aligned numbers, the best of each column starred."""

from __future__ import annotations

from typing import NamedTuple


class Column(NamedTuple):
    """One column of numbers.

    Parameters
    ----------
    name : str
        Its heading.
    better : {"high", "low", None}
        Which end deserves the star; None stars nothing.
    digits : int
        Digits after the point.
    """

    name: str
    better: str | None = None
    digits: int = 3


def format_table(columns, rows):
    """Lay out a table.

    Parameters
    ----------
    columns : sequence of Column
        All but the first, which has the names.
    rows : sequence of tuple ``(name, values)``
        A value is a number, a text, or None where there is none.

    Returns
    -------
    lines : list of str
        Heading, rule and one line per row. Values that look equal share the star.
    """
    texts = [
        [text + ("*" if best else " ") for text, best in cells]
        for cells in marked_cells(columns, rows)
    ]
    first = max(len(name) for name, _ in rows)
    widths = [
        max(len(column.name) + 1, *(len(row[i]) for row in texts))
        for i, column in enumerate(columns)
    ]
    head = "".join(
        f"  {column.name + ' ':>{width}}"
        for column, width in zip(columns, widths, strict=True)
    )
    lines = [" " * first + head.rstrip(), "-" * (first + len(head) - 1)]
    for (name, _), row in zip(rows, texts, strict=True):
        cells = "".join(
            f"  {text:>{width}}" for text, width in zip(row, widths, strict=True)
        )
        lines.append(f"{name:<{first}}{cells}".rstrip())
    return lines


def marked_cells(columns, rows):
    """Write the numbers of a table; each with whether it is the best of its column."""
    texts = [
        [_text(value, column) for value, column in zip(values, columns, strict=True)]
        for _, values in rows
    ]
    best = []
    for i, column in enumerate(columns):
        numbers = [float(row[i]) for row in texts if _is_number(row[i])]
        choose = {"high": max, "low": min}.get(column.better)
        best.append(choose(numbers) if choose and numbers else None)
    return [
        [
            (text, top is not None and _is_number(text) and float(text) == top)
            for text, top in zip(row, best, strict=True)
        ]
        for row in texts
    ]


def _text(value, column):
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    return f"{value:.{column.digits}f}"


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True
