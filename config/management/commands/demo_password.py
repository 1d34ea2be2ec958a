"""`manage.py demo_password`: gives every demo account the password in DEMO_PASSWORD."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password, make_password
from django.core.management.base import BaseCommand, CommandError

# The names that seed_demo makes (docs: accounts of the demo city).
DEMO_ACCOUNTS = r"^((planner|reviewer|monitor|head|parks)\.[a-z]+|ent\.[0-9]+|auditor|sysadmin)$"


class Command(BaseCommand):
    help = "将演示账号的密码统一设为环境变量 DEMO_PASSWORD 的值；仅在演示模式（MUCHAN_DEMO=1）下执行。"

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.MUCHAN_DEMO:
            raise CommandError("不是演示模式：设置 MUCHAN_DEMO=1 后才能修改演示账号的密码。")
        if not settings.DEMO_PASSWORD:
            raise CommandError("没有密码：请设置环境变量 DEMO_PASSWORD。")
        accounts = get_user_model()._default_manager.filter(username__regex=DEMO_ACCOUNTS)
        first = accounts.order_by("username").first()
        if first is None:
            raise CommandError("没有演示账号：请先执行 manage.py seed_demo。")
        if check_password(settings.DEMO_PASSWORD, first.password):
            self.stdout.write("密码未变。")
            return
        # One hash for all: the password is shared and printed on the console anyway.
        count = accounts.update(password=make_password(settings.DEMO_PASSWORD))
        self.stdout.write(f"已更新 {count} 个演示账号的密码。")
