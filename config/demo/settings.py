"""Reads the generator's settings from fixtures/demo/, each with a note of its source."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "demo"


@cache
def load(name: str) -> dict[str, Any]:
    """The settings file ``fixtures/demo/<name>.json`` as a dict."""
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


def rng(seed: int, *stage: int | str) -> np.random.Generator:
    """A generator for one stage of the work.

    Each stage has a stream of its own, so that drawing more in one does not
    shift what another draws.
    """
    words = [seed & 0xFFFFFFFF]
    for part in stage:
        words += [part] if isinstance(part, int) else list(part.encode())
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))
