"""The report: all that the tour said, in one HTML page that needs nothing else."""

from __future__ import annotations

import base64
from html import escape

from ._table import marked_cells

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --faint: #5c6570; --line: #d5dae0;
  --paper: #ffffff; --band: #f4f6f8; --mark: #0a7a4b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --faint: #9aa4af;
  --line: #3a424b; --paper: #14181c; --band: #1d2329; --mark: #56d39b; } }
body { margin: 0 auto; max-width: 56rem; padding: 1.5rem 1rem 4rem; color: var(--ink);
  background: var(--paper); font: 16px/1.55 system-ui, sans-serif; }
h1 { font-size: 1.9rem; margin: 0 0 .3rem; } h2 { margin: 3rem 0 .6rem;
  padding-top: 1rem; border-top: 1px solid var(--line); font-size: 1.35rem; }
nav { columns: 18rem; font-size: .92rem; margin-top: 1.2rem; }
nav a { display: block; color: inherit; padding: .1rem 0; }
p { max-width: 44rem; } .faint, .title, figcaption { color: var(--faint); }
.title { margin: 1.4rem 0 .4rem; font-size: .92rem; }
.wide { overflow-x: auto; margin-bottom: 1.2rem; }
table { border-collapse: collapse; font-size: .92rem;
  font-variant-numeric: tabular-nums; }
th, td { padding: .28rem .7rem; text-align: right; white-space: nowrap; }
th:first-child { text-align: left; font-weight: normal; }
thead th { border-bottom: 1px solid var(--ink); font-weight: 600; }
tbody tr:nth-child(even) { background: var(--band); }
td.best { color: var(--mark); font-weight: 700; }
figure { margin: 1.4rem 0; } figcaption { font-size: .85rem; }
figure img { max-width: 100%; height: auto; background: #fff; border-radius: 4px; }
"""


class Report:
    """What has been said so far, as parts of a page."""

    def __init__(self):
        self._parts = []
        self._headings = []

    def heading(self, text):
        """Open a chapter."""
        anchor = f"part-{len(self._headings) + 1}"
        self._headings.append((anchor, text))
        self._parts.append(f'<h2 id="{anchor}">{escape(text)}</h2>')

    def say(self, text):
        """Add a paragraph."""
        self._parts.append(f"<p>{escape(text)}</p>")

    def table(self, title, columns, rows):
        """Add a table; the best of a column is set in bold."""
        head = "".join(f'<th scope="col">{escape(c.name)}</th>' for c in columns)
        body = "".join(
            f'<tr><th scope="row">{escape(name)}</th>'
            + "".join(
                f"<td{' class=best' if best else ''}>{escape(text)}</td>"
                for text, best in cells
            )
            + "</tr>"
            for (name, _), cells in zip(rows, marked_cells(columns, rows), strict=True)
        )
        self._parts.append(
            f'<p class="title">{escape(title)}</p><div class="wide"><table>'
            f"<thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        )

    def figure(self, path):
        """Add a picture, whole."""
        content = base64.b64encode(path.read_bytes()).decode()
        name = escape(path.stem.replace("_", " ").replace("-", " "))
        self._parts.append(
            f'<figure><img alt="{name}" src="data:image/png;base64,{content}">'
            f"<figcaption>{name}</figcaption></figure>"
        )

    def page(self, title, subtitle):
        """Return the whole page."""
        links = "".join(
            f'<a href="#{anchor}">{escape(text)}</a>' for anchor, text in self._headings
        )
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
            f'<h1>{escape(title)}</h1><p class="faint">{escape(subtitle)}</p>'
            f"<nav>{links}</nav>\n" + "\n".join(self._parts) + "\n</body></html>\n"
        )
