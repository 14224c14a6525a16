"""Shared texts stand in docstrings as if they had been written there."""

import textwrap

import pytest

from skspace._docs import fill_docs, join_texts

PARAMETERS = 'first : {"a", "b"}\n    Its meaning.\n\nsecond : int\n    Another.'

PLACED = """Do it.

Parameters
----------
{parameters}
third : dict, default={}
"""

WRITTEN = f"""Do it.

Parameters
----------
{PARAMETERS}
third : dict, default={{}}
"""


@pytest.mark.parametrize("margin", ["    ", ""])
def test_places_give_their_indentation(margin):
    """Compilers since Python 3.13 take the common indentation away."""

    class Documented:
        pass

    Documented.__doc__ = textwrap.indent(PLACED, margin)
    fill_docs(parameters=PARAMETERS)(Documented)
    assert Documented.__doc__ == textwrap.indent(WRITTEN, margin)


def test_a_place_without_a_text_is_an_error():
    with pytest.raises(KeyError, match="parameters"):
        fill_docs(attributes="")(type("Documented", (), {"__doc__": PLACED}))


def test_texts_are_joined_with_their_values():
    texts = {"a": "a : {{1, {most}}}", "b": "b", "c": "c"}
    assert join_texts(texts, omit=("b",), most="2") == "a : {1, 2}\nc"


def test_stripped_docstrings_are_left_alone():
    """As ``python -OO`` leaves them."""

    class Stripped:
        pass

    assert fill_docs(parameters="")(Stripped).__doc__ is None
