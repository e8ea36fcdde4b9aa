"""
The one door to the network: download a file, ask for a page, read by ranges.

What is downloaded lies in a cache by its sha256, written beside and renamed,
so that a file is there whole or not at all, whenever the process is killed. A
download that broke off goes on only where the server proves by a strong ETag
or an old enough date that the rest belongs to the same version.
"""

from geoequity.sources._remote._client import Client, Download, Look
from geoequity.sources._remote._part import place, write_json
from geoequity.sources._remote._ranges import RangeFile
from geoequity.sources._remote._watch import Patience

__all__ = ["Client", "Download", "Look", "Patience", "RangeFile", "place", "write_json"]
