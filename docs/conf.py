"""Configuration of the documentation (Sphinx)."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))
os.environ["MPLBACKEND"] = "Agg"
for folder_or_address in ("SKSPACE_DATA", "SKSPACE_DATA_URL"):
    os.environ.pop(folder_or_address, None)  # the same pages wherever they are built

import skspace  # noqa: E402

project = "skspace"
author = "The skspace developers"
copyright = author  # noqa: A001
version = release = skspace.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.extlinks",
    "sphinx.ext.viewcode",
    "numpydoc",
    "matplotlib.sphinxext.plot_directive",
    "sphinx_gallery.gen_gallery",
    "api_pages",
    "capabilities",
    "markdown",
    "mathml",
    "sklearn_links",
]
exclude_patterns = ["_build", "changes", "sg_execution_times.rst"]
templates_path = ["_templates"]
default_role = "literal"

# -- API pages: written from __all__ by api_pages ------------------------------------
autosummary_generate = True
autosummary_imported_members = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
add_module_names = False
toc_object_entries_show_parents = "hide"
extlinks = {
    "doi": ("https://doi.org/%s", "doi:%s"),
    "arxiv": ("https://arxiv.org/abs/%s", "arXiv:%s"),
}

# -- pictures, made while building ---------------------------------------------------
plot_formats = [("png", 110)]
plot_html_show_formats = False
plot_html_show_source_link = False
plot_include_source = False
plot_rcparams = {"font.size": 9, "figure.constrained_layout.use": True}
plot_apply_rcparams = True
GALLERY = (  # in the order of the guide
    "cluster",
    "graph",
    "decomposition",
    "active",
    "fairness",
    "erasure",
    "information",
    "registration",
    "linear_model",
    "sampling",
    "calibration",
)
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "subsection_order": [*(f"../examples/{name}" for name in GALLERY), "*"],
    "within_subsection_order": "ExampleTitleSortKey",
    "backreferences_dir": "api/generated/backreferences",
    "doc_module": ("skspace",),
    "reference_url": {"skspace": None},
    "abort_on_example_error": True,
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_signature": False,
    "show_memory": False,
    "min_reported_time": 1,
}

# -- HTML ----------------------------------------------------------------------------
html_theme = "pydata_sphinx_theme"
html_title = "skspace"
html_static_path = ["_static"]
html_css_files = ["skspace.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navbar_align": "left",
    "show_prev_next": False,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "show_toc_level": 2,
    "header_links_before_dropdown": 8,
    "navigation_with_keys": False,
    "pygments_light_style": "friendly",
    "pygments_dark_style": "github-dark-high-contrast",
}
html_sidebars = {
    "index": [],
    "install": [],
    "getting_started": [],
    "benchmarks": [],
    "contributing": [],
    "whats_new": [],
}
html_math_renderer = "mathml"
