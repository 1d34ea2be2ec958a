"""Accounts of the demo city: one for each role and place of the interface."""

from __future__ import annotations

import datetime as dt
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth.hashers import make_password

from core.accounts.models import Role, User
from core.policy.models import CITY_CODE, Jurisdiction

ENTERPRISE_ACCOUNTS = 5

# Fixed, so that the same seed gives the same rows.
JOINED = dt.datetime(2022, 3, 1, 9, tzinfo=dt.timezone(dt.timedelta(hours=8)))


@dataclass(frozen=True)
class Password:
    """The password of every demo account, and whether it was made up just now."""

    text: str
    generated: bool


def choose_password() -> Password:
    """DEMO_PASSWORD, else the checkout's .local/demo_password, else a new one."""
    given = os.environ.get("DEMO_PASSWORD", "")
    kept = Path(settings.LOCAL_DIR) / "demo_password"
    if not given and kept.is_file():
        given = kept.read_text(encoding="utf-8").strip()
    if given:
        return Password(given, generated=False)
    return Password("-".join(secrets.token_hex(2) for _ in range(4)), generated=True)


def account_rows() -> list[tuple[str, str, Role, list[str]]]:
    """(username, display name, role, place codes) of all accounts but the enterprises'."""
    districts = list(Jurisdiction.objects.filter(level="district").order_by("code"))
    city = [CITY_CODE]
    rows: list[tuple[str, str, Role, list[str]]] = [
        ("planner.city", "市自然资源局编制", Role.PLANNER, city),
        ("reviewer.city", "市自然资源局审核", Role.REVIEWER, city),
        ("monitor.city", "市亩均效益监测", Role.MONITOR, city),
        ("parks.city", "市工信局园区", Role.PARKS, city),
        ("auditor", "审计", Role.AUDITOR, city),
        ("sysadmin", "系统管理员", Role.SYSADMIN, city),
    ]
    for district in districts:
        here = [district.code]
        rows += [
            (f"planner.{district.slug}", f"{district.name}自然资源编制", Role.PLANNER, here),
            (f"head.{district.slug}", f"{district.name}领导", Role.HEAD, here),
        ]
        if district.slug == "nanhai":
            rows.append(("monitor.nanhai", f"{district.name}亩均效益监测", Role.MONITOR, here))
    return rows


def usernames() -> list[str]:
    """Every username of the demo city."""
    return [row[0] for row in account_rows()] + [f"ent.{n}" for n in range(1, ENTERPRISE_ACCOUNTS + 1)]


def create_accounts(password: Password) -> dict[str, User]:
    """Create the accounts; enterprises' accounts get their enterprise later."""
    # One hash for all: they share the password anyway, and hashing twenty times takes seconds.
    encoded = make_password(password.text)
    rows = account_rows() + [
        (f"ent.{n}", f"示例企业经办人{n}", Role.ENTERPRISE, []) for n in range(1, ENTERPRISE_ACCOUNTS + 1)
    ]
    users = [
        User(username=name, display_name=shown, role=role, place_codes=places,
             password=encoded, date_joined=JOINED)
        for name, shown, role, places in rows
    ]  # fmt: skip
    return {user.username: user for user in User.objects.bulk_create(users)}
