"""Jurisdictions, policy documents and the parameters they set: a threshold is data with a source.

``from core import policy; policy.value("redline.floor_km2", "440604")`` is the short way to the services.
The names are resolved on first use because this package is imported while Django is still loading its apps.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.policy.services import (
        Citation,
        ParameterMissing,
        Value,
        adopt_parameter,
        value,
        values_for,
    )

__all__ = [
    "Citation",
    "ParameterMissing",
    "Value",
    "adopt_parameter",
    "value",
    "values_for",
]


def __getattr__(name: str) -> Any:
    """Answer the names of ``core.policy.services`` without importing models at app loading."""
    if name in __all__:
        return getattr(import_module("core.policy.services"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
