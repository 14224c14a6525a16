"""Docstrings filled with texts that several classes or functions share."""

from __future__ import annotations

import re
from textwrap import indent

PLACE = re.compile(r"^( *)\{(\w+)\}$", re.MULTILINE)


def fill_docs(**texts):
    """Put a text in place of each line ``{name}`` of a docstring.

    Parameters
    ----------
    **texts : str
        Texts by name, from the left margin; they get the indentation of their place
        (of which Python 3.13 leaves none).

    Returns
    -------
    decorator : callable
        For a class or function. A place without a text is a KeyError.
    """

    def fill(documented):
        if documented.__doc__ is not None:  # python -OO strips docstrings
            documented.__doc__ = PLACE.sub(
                lambda place: indent(texts[place[2]].strip("\n"), place[1]),
                documented.__doc__,
            )
        return documented

    return fill


def join_texts(texts, *, omit=(), **values):
    """One text of those of a dictionary, without some, with values filled in.

    Parameters
    ----------
    texts : dict of str
        Texts with places ``{value}``.
    omit : tuple of str
        Names of texts to leave out.
    **values : str
        What the places say.

    Returns
    -------
    text : str
    """
    return "\n".join(
        text.format(**values) for name, text in texts.items() if name not in omit
    )
