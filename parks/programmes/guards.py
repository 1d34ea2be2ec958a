"""What the database itself holds of programmes and their members, as triggers."""

from __future__ import annotations

import pgtrigger

from parks.programmes.standings import ENDED, STEPS

_STEPS_SQL = ", ".join(f"('{source.value}', '{target.value}')" for source, target in STEPS)
_ENDED_SQL = ", ".join(f"'{standing.value}'" for standing in ENDED)
_TODAY = "(now() AT TIME ZONE 'Asia/Shanghai')::date"

# The programme's row is locked first: every query after it sees what another writer of members committed meanwhile.
_LOCK = """
    PERFORM 1 FROM programmes_programme p
        WHERE p.code IN (SELECT programme_id FROM new_rows) ORDER BY p.code FOR NO KEY UPDATE;
"""

_ELIGIBLE = """
    SELECT e.name AS enterprise, p.name AS programme, n.member_type,
           (e.district_id = p.place_id OR j.parent_id = p.place_id) AS here
    INTO fault
    FROM new_rows n
    JOIN programmes_programme p ON p.code = n.programme_id
    JOIN enterprises_enterprise e ON e.id = n.enterprise_id
    JOIN policy_jurisdiction j ON j.code = e.district_id
    WHERE NOT (e.district_id = p.place_id OR j.parent_id = p.place_id)
       OR NOT (n.member_type = ANY (p.member_types) OR (n.member_type = '' AND p.member_types = '{}'))
    LIMIT 1;
    IF NOT fault.here THEN
        RAISE EXCEPTION '“%”不在“%”的适用地区内', fault.enterprise, fault.programme
            USING ERRCODE = 'check_violation', CONSTRAINT = 'programmes_membership_in_place';
    ELSIF fault.here THEN
        RAISE EXCEPTION '“%”没有“%”这一成员类别', fault.programme, fault.member_type
            USING ERRCODE = 'check_violation', CONSTRAINT = 'programmes_membership_type_known';
    END IF;
"""

_WITHIN = """
    SELECT p.name AS programme, p.valid_from, p.valid_to INTO fault
    FROM new_rows n JOIN programmes_programme p ON p.code = n.programme_id
    WHERE NOT daterange(p.valid_from, p.valid_to) @> daterange(n.valid_from, n.valid_to)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '成员资格的期限须在“%”的期限（% 至 %）之内',
                fault.programme, fault.valid_from, coalesce((fault.valid_to - 1)::text, '未定')
            USING ERRCODE = 'check_violation', CONSTRAINT = 'programmes_membership_within';
    END IF;
"""

# The number of members can only rise on a day on which somebody begins.
_WITHIN_CAP = """
    SELECT capped.name AS programme, capped.day, capped.cap, held.members INTO fault
    FROM (
        SELECT DISTINCT p.code, p.name, s.valid_from AS day,
               policy_number(p.quota_key, p.place_id, s.valid_from) AS cap
        FROM programmes_programme p
        JOIN programmes_membership s ON s.programme_id = p.code
        WHERE p.quota_caps AND p.code IN (SELECT programme_id FROM new_rows)
          AND s.valid_from >= (SELECT min(valid_from) FROM new_rows n WHERE n.programme_id = p.code)
    ) capped
    CROSS JOIN LATERAL (
        SELECT count(*) AS members FROM programmes_membership m
        WHERE m.programme_id = capped.code
          AND m.valid_from <= capped.day AND (m.valid_to IS NULL OR m.valid_to > capped.day)
    ) held
    WHERE held.members > capped.cap
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '“%”在 % 将有 % 家成员，超过名额 % 家',
                fault.programme, fault.day, fault.members, trim_scale(fault.cap)
            USING ERRCODE = 'check_violation', CONSTRAINT = 'programmes_membership_within_cap',
                HINT = '先结束其他企业的成员资格。';
    END IF;
"""

_MEMBERS_FIT = [
    pgtrigger.Trigger(
        name=f"members_fit_{suffix}",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(new="new_rows"),
        declare=[("fault", "record")],
        func=f"{_LOCK}{checks}{_WITHIN}{_WITHIN_CAP}RETURN NULL;",
    )
    for suffix, operation, checks in (
        # Who is a member, of what and as what never changes afterwards (granted_stands).
        ("insert", pgtrigger.Insert, _ELIGIBLE),
        ("update", pgtrigger.Update, ""),
    )
]

MEMBERSHIP = [
    *_MEMBERS_FIT,
    pgtrigger.ReadOnly(
        name="granted_stands",
        fields=["enterprise", "programme", "member_type", "pledge_years", "base_year", "valid_from"],
    ),
    pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
    pgtrigger.Trigger(
        name="standings_follow",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        func=f"""
            IF NEW.standing <> OLD.standing AND (OLD.standing, NEW.standing) NOT IN ({_STEPS_SQL}) THEN
                RAISE EXCEPTION '成员状态不能由 % 转为 %', OLD.standing, NEW.standing
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'programmes_membership_steps';
            END IF;
            IF OLD.valid_to <= {_TODAY} AND NEW.valid_to IS DISTINCT FROM OLD.valid_to THEN
                RAISE EXCEPTION '成员资格已于 % 终止，不能再改终止日期', OLD.valid_to
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'programmes_membership_end_stands',
                        HINT = '重新认定一次。';
            END IF;
            RETURN NEW;
        """,
    ),
    # Dates alone are asked whether it is in force: a member removed today must not be one tomorrow.
    pgtrigger.Trigger(
        name="ended_is_over",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update,
        func=f"""
            IF NEW.standing IN ({_ENDED_SQL}) AND NEW.valid_to > {_TODAY} THEN
                RAISE EXCEPTION '降级、淘汰或退出的终止日期（%）不得晚于今日', NEW.valid_to
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'programmes_membership_ended_is_over';
            END IF;
            RETURN NEW;
        """,
    ),
]

PROGRAMME = [
    pgtrigger.Trigger(
        name="members_stay_within",
        when=pgtrigger.After,
        operation=pgtrigger.UpdateOf("valid_from", "valid_to"),
        func="""
            IF EXISTS (
                SELECT 1 FROM programmes_membership m
                WHERE m.programme_id = NEW.code
                  AND NOT daterange(NEW.valid_from, NEW.valid_to) @> daterange(m.valid_from, m.valid_to)
            ) THEN
                RAISE EXCEPTION '“%”有成员资格的期限在新期限之外', NEW.name
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'programmes_members_stay_within',
                        HINT = '先结束这些成员资格。';
            END IF;
            RETURN NULL;
        """,
    ),
]
