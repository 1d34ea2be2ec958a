"""Ways to bring a short message to a telephone: the city names its own by `MUCHAN_SMS_GATEWAY`."""

from __future__ import annotations

import logging
from typing import Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string

logger = logging.getLogger(__name__)


class NotSent(Exception):
    """The gateway did not take the message; the text says why, for the system administrator."""


class Gateway(Protocol):
    """Sends one short message. Raises NotSent; any OSError counts as not sent too."""

    def send(self, *, number: str, text: str) -> None: ...


class ConsoleGateway:
    """Writes messages to the log instead of sending them: the default, and what the demo city uses."""

    def send(self, *, number: str, text: str) -> None:
        """Log the message; the number is shortened, since logs are read by more people than telephones."""
        logger.info("short message to %s****%s: %s", number[:3], number[-4:], text)


def gateway() -> Gateway:
    """An instance of the class `MUCHAN_SMS_GATEWAY` names by its dotted path. Raises ImportError."""
    return cast(Gateway, import_string(settings.MUCHAN_SMS_GATEWAY)())
