"""The policy app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PolicyConfig(AppConfig):
    """Jurisdictions, documents and parameters."""

    name = "core.policy"
    label = "policy"
    verbose_name = _("政策参数")
    default_auto_field = "django.db.models.BigAutoField"
