"""``/agreements/``."""
