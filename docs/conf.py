"""How the documentation is built: `scripts/docs`, with no network and every warning an error."""

import sys
from pathlib import Path

import geoequity

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))

project = "geoequity"
author = "The geoequity developers"
project_copyright = author  # no year: the same sources give the same pages
version = release = geoequity.__version__
language = "en"

extensions = ["mathml", "myst_nb", "numpydoc", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True
nb_output_stderr = "remove"  # warnings of the planted faults of the demo, with paths of the machine

html_theme = "furo"
html_title = "geoequity"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_copy_source = False
html_show_sphinx = False
html_last_updated_fmt = None

default_role = "autolink"  # names in docstrings lead to what they name, where a page has it
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
numpydoc_show_class_members = False
# Types in signatures: other packages' are in no page here, nor are our private ones; what a city
# file may say has pages of its own. What a docstring or a page refers to must be there.
nitpick_ignore_regex = [
    (r"py:.*", r"(?!geoequity\.).*"),
    (r"py:class", r"geoequity\.(.*\.)?_.*"),
    (r"py:class", r"geoequity\.sources\.(spec\..*|files\.Record)"),
    (r"py:class", r"geoequity\.city\..*Block"),
    (r"py:class", r"geoequity\.(transfer|measures\.proximity)\.Values"),
    (r"py:class", r"geoequity\.keeping\..*"),
]
