"""Serves the few files of node_modules that pages use, under the static prefix npm/.

A list instead of whole packages: the packages hold source maps, right-to-left copies and 5,000 icons that nobody
asks for, and collectstatic would compress every one of them.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import utils
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage, Storage

PREFIX = "npm/"

#: Collected and served; paths inside node_modules, shell patterns.
SERVED = (
    "@geoman-io/leaflet-geoman-free/dist/leaflet-geoman.min.js",
    "@tabler/core/dist/css/tabler.min.css",
    "@tabler/core/dist/js/tabler.min.js",
    "@tabler/core/dist/js/tabler.esm.min.js",
    "echarts/dist/echarts.min.js",
    "echarts/dist/echarts.esm.min.mjs",
    "htmx.org/dist/htmx.min.js",
    "htmx.org/dist/htmx.esm.js",
    "leaflet/dist/leaflet.css",
    "leaflet/dist/leaflet.js",
    "leaflet/dist/leaflet-src.esm.js",
    "leaflet/dist/images/*.png",
    "leaflet.vectorgrid/dist/Leaflet.VectorGrid.bundled.min.js",
)

#: Found by name, because templates inline them, but not collected.
INLINED = ("@tabler/icons/icons/outline/*.svg", "@tabler/icons/icons/filled/*.svg")


class NpmFinder(BaseFinder):
    """Static files finder over `settings.NPM_ROOT` (the node_modules directory)."""

    def __init__(self, app_names: Any = None, *args: Any, **kwargs: Any) -> None:
        self.root = Path(settings.NPM_ROOT)
        self.storage = FileSystemStorage(location=self.root)
        # collectstatic puts a storage's files below its prefix.
        self.storage.prefix = PREFIX.rstrip("/")  # type: ignore[attr-defined]
        super().__init__(*args, **kwargs)

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """The absolute path of static file `path`, or a list of them when `find_all`; [] when it is not ours."""
        inside = path.removeprefix(PREFIX)
        if inside == path or ".." in Path(inside).parts:
            return []
        if not any(fnmatchcase(inside, pattern) for pattern in SERVED + INLINED):
            return []
        file = self.root / inside
        if not file.is_file():
            return []
        return [str(file)] if find_all else str(file)

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, Storage]]:
        """Every served file as (path inside node_modules, storage)."""
        for pattern in SERVED:
            for file in sorted(self.root.glob(pattern)):
                inside = file.relative_to(self.root).as_posix()
                if not utils.matches_patterns(inside, ignore_patterns or []):
                    yield inside, self.storage
