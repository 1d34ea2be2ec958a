"""Deep links into the map page."""

import datetime as dt
from urllib.parse import urlencode

from django.urls import reverse


def feature_url(layer: str, code: str, on: dt.date | None = None) -> str:
    """The map showing the feature ``code`` of ``layer`` with its card open, as of ``on``."""
    asked = {"select": f"{layer}:{code}"}
    if on is not None:
        asked["on"] = on.isoformat()
    return f"{reverse('web:map')}?{urlencode(asked, safe=':')}"
