"""Notifications on their way out, sent by the worker: e-mail and SMS, tried again at growing intervals."""

from __future__ import annotations

import datetime as dt
import logging
import smtplib

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django_tasks import task

from core.accounts.models import Role, User
from core.casework.gateways import NotSent, gateway
from core.casework.models import Delivery

logger = logging.getLogger(__name__)

PAUSES = (dt.timedelta(minutes=1), dt.timedelta(minutes=10), dt.timedelta(hours=1), dt.timedelta(hours=6))
"""How long to wait after the first, second, … failed attempt; after one more it has failed for good."""


@task()
def send_waiting() -> None:
    """Send what waits and is due. Each row is its own transaction: a failure costs the others nothing."""
    while _send_next():
        pass


def _send_next() -> bool:
    """Send one delivery nobody else is sending; False when none is due.

    The row stays locked meanwhile, so that two workers never send one message. A worker
    killed between the sending and the commit sends it twice, rather than never.
    """
    with transaction.atomic():
        rows = Delivery.objects.select_for_update(skip_locked=True, of=("self",))
        rows = rows.select_related("notification__user", "notification__case")
        delivery = rows.filter(outcome=Delivery.Outcome.WAITING).filter(_due(timezone.now())).order_by("pk").first()
        if delivery is None:
            return False
        delivery.attempts += 1
        try:
            _send(delivery)
        except (NotSent, OSError, smtplib.SMTPException) as error:
            _note_failure(delivery, error)
        else:
            delivery.outcome, delivery.error = Delivery.Outcome.SENT, ""
        delivery.save()
        return True


def _due(now: dt.datetime) -> Q:
    due = Q(attempts=0)
    for attempts, pause in enumerate(PAUSES, start=1):
        due |= Q(attempts=attempts, changed_at__lte=now - pause)
    return due


def _send(delivery: Delivery) -> None:
    """Hand a message to the mail server or the gateway, in the language of the house."""
    notification = delivery.notification
    with translation.override(settings.LANGUAGE_CODE):
        words = {
            "notification": notification,
            "case": notification.case,
            "address": address_of(delivery),
            "demo": settings.MUCHAN_DEMO,
        }
        if delivery.channel == Delivery.Channel.SMS:
            text = render_to_string("casework/email/short.txt", words).strip()
            gateway().send(number=delivery.address, text=text)
            return
        subject = " ".join(render_to_string("casework/email/subject.txt", words).split())
        body = render_to_string("casework/email/body.txt", words)
        EmailMessage(subject, body, to=[delivery.address]).send()


def address_of(delivery: Delivery) -> str:
    """Where the page is that a notification points to; "" when the server does not know its own address."""
    notification = delivery.notification
    path = notification.url or (notification.case.get_absolute_url() if notification.case else "")
    return f"{settings.MUCHAN_PUBLIC_URL}{path}" if settings.MUCHAN_PUBLIC_URL and path else ""


def _note_failure(delivery: Delivery, error: Exception) -> None:
    delivery.error = (str(error) or type(error).__name__)[:300]
    logger.warning(
        "delivery %s by %s failed (%s. attempt): %s", delivery.pk, delivery.channel, delivery.attempts, error
    )
    if delivery.attempts <= len(PAUSES):
        send_waiting.using(run_after=timezone.now() + PAUSES[delivery.attempts - 1]).enqueue()
        return
    delivery.outcome = Delivery.Outcome.FAILED
    _report(delivery)


def _report(delivery: Delivery) -> None:
    """Tell who can help that a person was not reached: the system administrators why, who conducts the case of what.

    Administrators read no cases, so they are not told what the notification said.
    """
    from core.casework import audience
    from core.casework.services import notifying

    notification = delivery.notification
    case = notification.case
    with translation.override(settings.LANGUAGE_CODE):
        words = {
            "channel": delivery.get_channel_display(),
            "person": notification.user.display_name or notification.user.username,
            "account": notification.user.username,
            "attempts": delivery.attempts,
            "error": delivery.error,
            "text": notification.text,
        }
        fault = (
            _("%(channel)s未能送达账号 %(account)s，已试 %(attempts)s 次：%(error)s。请核对地址和服务设置。") % words
        )
        unheard = _("%(channel)s未能送达%(person)s，已试 %(attempts)s 次，请改用其他方式告知。原通知：%(text)s") % words
    administrators = User.objects.filter(role=Role.SYSADMIN, is_active=True)
    notifying.tell(users=administrators, act="undelivered", text=fault, outside=False)
    if case is not None:
        people = [user for user in audience.officers(case) if user.pk != notification.user_id]
        notifying.tell(users=people, act="undelivered", text=unheard, case=case, outside=False)
