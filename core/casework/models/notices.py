"""What people are told: notifications, their delivery, alerts; and the filters people keep."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.casework.models.cases import Case
from core.casework.queries import NotificationQuerySet
from core.history import tracked


@tracked()
class Notification(models.Model):
    """通知: something one person should know."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications", verbose_name=_("收件人")
    )
    case = models.ForeignKey(
        Case, models.CASCADE, null=True, blank=True, related_name="notifications", verbose_name=_("办件")
    )
    act = models.CharField(_("动作"), max_length=24)
    text = models.CharField(_("内容"), max_length=300)
    url = models.CharField(_("网址"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("时间"), auto_now_add=True)
    read_at = models.DateTimeField(_("已读时间"), null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("通知")
        verbose_name_plural = _("通知")
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["user"], condition=Q(read_at__isnull=True), name="notification_unread"),
            models.Index(fields=["user", "-created_at"], name="notification_newest"),
        ]

    def __str__(self) -> str:
        return self.text


@tracked()
class Delivery(models.Model):
    """通知的外发: one attempt after another to bring a notification to a person by e-mail or SMS."""

    class Channel(models.TextChoices):
        EMAIL = "email", _("电子邮件")
        SMS = "sms", _("短信")

    class Outcome(models.TextChoices):
        WAITING = "waiting", _("待发送")
        SENT = "sent", _("已发送")
        FAILED = "failed", _("发送失败")

    notification = models.ForeignKey(Notification, models.CASCADE, related_name="deliveries", verbose_name=_("通知"))
    channel = models.CharField(_("渠道"), max_length=8, choices=Channel)
    address = models.CharField(_("地址"), max_length=120)
    outcome = models.CharField(_("结果"), max_length=8, choices=Outcome, default=Outcome.WAITING)
    attempts = models.PositiveSmallIntegerField(_("次数"), default=0)
    error = models.CharField(_("原因"), max_length=300, blank=True)
    changed_at = models.DateTimeField(_("时间"), auto_now=True)

    class Meta:
        verbose_name = _("通知外发")
        verbose_name_plural = _("通知外发")
        constraints = [
            models.UniqueConstraint(fields=["notification", "channel"], name="casework_delivery_once_a_channel"),
        ]
        indexes = [models.Index(fields=["id"], condition=Q(outcome="waiting"), name="delivery_waiting")]

    def __str__(self) -> str:
        return f"{self.channel} {self.address}"


@tracked()
class Alert(models.Model):
    """预警: a deadline that comes near or has passed; open until what it is about is done.

    ``office`` is the role that is late. ``rule`` is one of the names below; at most one
    open alert stands for a rule, a case and an office.
    """

    class Rule(models.TextChoices):
        DUE_SOON = "due_soon", _("即将到期")
        OVERDUE = "overdue", _("已逾期")
        ESCALATED = "escalated", _("逾期上报")

    case = models.ForeignKey(Case, models.PROTECT, related_name="alerts", verbose_name=_("办件"))
    rule = models.CharField(_("规则"), max_length=12, choices=Rule)
    office = models.CharField(_("部门"), max_length=12)
    due_on = models.DateField(_("截止"))
    opened_at = models.DateTimeField(_("触发时间"), auto_now_add=True)
    closed_at = models.DateTimeField(_("解除时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("预警")
        verbose_name_plural = _("预警")
        ordering = ["due_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "rule", "office"],
                condition=Q(closed_at__isnull=True),
                name="casework_alert_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.rule} {self.office}"


@tracked()
class SavedFilter(models.Model):
    """常用筛选: a query string of the case list that somebody keeps under a name."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="case_filters", verbose_name=_("人员")
    )
    name = models.CharField(_("名称"), max_length=40)
    query = models.CharField(_("条件"), max_length=500)

    class Meta:
        verbose_name = _("常用筛选")
        verbose_name_plural = _("常用筛选")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "name"],
                name="casework_filter_name_once",
                violation_error_message=_("已有同名的常用筛选。"),
            ),
        ]

    def __str__(self) -> str:
        return self.name
