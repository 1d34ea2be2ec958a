"""Notifications: the only writer of them, and of what goes out by e-mail and SMS."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from core.accounts.models import Role, User
from core.casework import audience, delivering, offices
from core.casework.models import Case, Delivery, Notification

LONGEST = Notification._meta.get_field("text").max_length or 300

SHORT_MESSAGE_ACTS = frozenset(
    {"ask_correction", "decline", "approve", "refuse", "return_to_applicant", "uphold", "overturn", "escalated"}
    | {"issued", "return_plan", "insist", "escalate", "impose", "uphold_sanction", "overturn_sanction"}
)
"""Acts worth a short message to a telephone: a deadline of the applicant, a decision, a late case."""


def tell(
    *, users: Iterable[User], act: str, text: str, case: Case | None = None, url: str = "", outside: bool = True
) -> list[Notification]:
    """Tell each of ``users`` once, in the application and, unless ``outside`` is False, by e-mail and SMS.

    Accounts that are closed are left out. What goes out is handed to the worker with this
    transaction: it is sent when the transaction commits, and never otherwise.
    """
    people = {user.pk: user for user in users if user.is_active}
    if not people:
        return []
    text = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    with transaction.atomic():
        notifications = Notification.objects.bulk_create(
            Notification(user=user, case=case, act=act, text=text, url=url) for user in people.values()
        )
        deliveries = [
            delivery for notification in notifications if outside for delivery in _deliveries(notification, act)
        ]
        if deliveries:
            Delivery.objects.bulk_create(deliveries)
            delivering.send_waiting.enqueue()
    return notifications


def after_move(
    case: Case, act: str, by: User | None, text: str = "", *, internal: bool = True, office: str = ""
) -> list[Notification]:
    """Tell everybody whom ``act`` of a case concerns, besides who did it; see :mod:`core.casework.audience`.

    ``internal`` counts for remarks and papers: one that is not is told to the applicant
    too. ``office`` is the role that gave a review. Raises KeyError for an unknown act.
    """
    with translation.override(settings.LANGUAGE_CODE):
        words = _words(case, text, office)
        reached: set[int] = {by.pk} if by else set()
        written: list[Notification] = []
        for people, sentence, inside in audience.told(act, internal=internal):
            concerned = audience.with_deputies(people(case), timezone.localdate())
            users = [user for user in concerned if user.pk not in reached and _may_know(user, inside)]
            reached.update(user.pk for user in users)
            # The lead is added after the sentence is filled in, so that a name with a per cent sign stays as it is.
            said = audience.lead(case) + str(sentence) % words
            written += tell(users=users, act=act, text=said, case=case)
    return written


def mark_read(*, by: User, ids: Collection[int] | None = None) -> int:
    """Mark one's own notifications as read, all or those of ``ids``; the number that were not yet."""
    rows = Notification.objects.visible_to(by).unread()
    if ids is not None:
        rows = rows.filter(pk__in=ids)
    return rows.update(read_at=timezone.now())


def _may_know(user: User, inside: bool) -> bool:
    return not inside or user.role != Role.ENTERPRISE


def _words(case: Case, text: str, office: str) -> Mapping[str, Any]:
    waiting = case.reviews.filter(round=case.round, given_at__isnull=True)
    first = waiting.order_by("due_on").values_list("due_on", flat=True).first()
    unspoken = waiting.count()
    return {
        "text": text.strip().rstrip("。；，"),
        "due": case.due_on or _("未定"),
        "review_due": first or case.due_on or _("未定"),
        "notice": _("公示至 %s，期满后生效") % case.notice_until
        if case.notice_until
        else _("不设公示期，办理生效后执行"),
        "office": offices.title(office) if office else _("会审部门"),
        "waiting": _("还有 %s 个部门未出具") % unspoken if unspoken else _("各部门均已出具"),
    }


def _deliveries(notification: Notification, act: str) -> list[Delivery]:
    user = notification.user
    found = []
    if user.email:
        found.append(Delivery(notification=notification, channel=Delivery.Channel.EMAIL, address=user.email))
    if user.mobile and act in SHORT_MESSAGE_ACTS:
        found.append(Delivery(notification=notification, channel=Delivery.Channel.SMS, address=user.mobile))
    return found
