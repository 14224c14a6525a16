"""The directives ``markdown`` and ``changelog``: our own Markdown files as pages.

Understands what these files use: headings, lists, fenced code, code in backquotes and
links.
"""

import re
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.util.nodes import nested_parse_with_titles

ROOT = Path(__file__).parents[2]
KINDS = {
    "feature": "New",
    "fix": "Fixed",
    "api": "Changed interface",
    "speed": "Faster",
}
UNDERLINES = " =-~"


def to_rst(lines):
    """Translate lines of Markdown to reStructuredText; the title is left out."""
    fenced, out = False, []
    for line in lines:
        if line.startswith("```"):
            fenced = not fenced
            out += ["", f".. code-block:: {line[3:]}", ""] if fenced else [""]
        elif fenced:
            out.append(f"   {line}")
        elif line.startswith("#"):
            marks, _, title = line.partition(" ")
            if len(marks) > 1:
                out += ["", title, UNDERLINES[len(marks)] * len(title), ""]
        else:
            line = re.sub(r"`([^`]+)`", r"``\1``", line)
            out.append(re.sub(r"\[([^]]+)\]\(([^)]+)\)", r"`\1 <\2>`__", line))
    return out


def unreleased():
    """Markdown of the fragments that wait for a release."""
    found = {kind: [] for kind in KINDS}
    for path in (ROOT / "docs" / "changes").glob("*.md"):
        kind = path.name.split(".")[1]
        found[kind].append("- " + " ".join(path.read_text().split()))
    lines = ["## Next release", ""] if any(found.values()) else []
    for kind, title in KINDS.items():
        if found[kind]:  # in the order of towncrier
            lines += [f"### {title}", "", *sorted(found[kind]), ""]
    return lines


class Markdown(Directive):
    """Insert a Markdown file, its path counted from the root of the repository."""

    required_arguments = 1

    def markdown(self):
        """Lines of the file."""
        path = ROOT / self.arguments[0]
        self.state.document.settings.env.note_dependency(str(path))
        return path.read_text().splitlines()

    def run(self):
        """Translate and parse."""
        node = nodes.section()
        node.document = self.state.document
        lines = StringList(to_rst(self.markdown()), "markdown")
        nested_parse_with_titles(self.state, lines, node)
        return node.children


class Changelog(Markdown):
    """Insert the fragments of the next release and CHANGELOG.md."""

    required_arguments = 0

    def markdown(self):
        """Lines of the fragments, then of the released part."""
        self.state.document.settings.env.note_reread()
        text = (ROOT / "CHANGELOG.md").read_text()
        intro, _, released = text.partition("<!-- towncrier release notes start -->")
        return [*intro.splitlines(), *unreleased(), *released.splitlines()]


def setup(app):
    """Register the directives."""
    app.add_directive("markdown", Markdown)
    app.add_directive("changelog", Changelog)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
