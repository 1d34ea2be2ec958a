"""Working days, written once in the database; and who may not decide or review."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

CREATE = """
CREATE FUNCTION casework_is_working_day(p_day date) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce((SELECT is_working FROM casework_holiday WHERE day = p_day), extract(isodow FROM p_day) < 6)
$$;
COMMENT ON FUNCTION casework_is_working_day(date) IS
    'Whether people work on a day: Monday to Friday, but for the arrangements of public holidays.';

CREATE FUNCTION casework_working_days(p_from date, p_to date) RETURNS integer
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
-- Weekdays by arithmetic, then what the arrangements change: the cost does not grow with the span.
DECLARE
    monday constant date := date '2000-01-03';
    first date := least(p_from, p_to);
    last date := greatest(p_from, p_to);
    weekdays integer;
    changed integer;
BEGIN
    -- Weekdays in (monday - 1, day] are five a whole week, and those of the week begun.
    weekdays := (SELECT sum(way * (5 * ((n - (n % 7 + 7) % 7) / 7) + least((n % 7 + 7) % 7, 5)))
                 FROM (VALUES (1, last - monday + 1), (-1, first - monday + 1)) AS ends (way, n));
    changed := (SELECT count(*) FILTER (WHERE is_working AND extract(isodow FROM day) > 5)
                     - count(*) FILTER (WHERE NOT is_working AND extract(isodow FROM day) < 6)
                FROM casework_holiday WHERE day > first AND day <= last);
    RETURN (weekdays + changed) * CASE WHEN p_to < p_from THEN -1 ELSE 1 END;
END
$$;
COMMENT ON FUNCTION casework_working_days(date, date) IS
    'Working days after the first day up to and with the second; negative when the second comes first.';

CREATE FUNCTION casework_add_working_days(p_day date, p_days integer) RETURNS date
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    found date;
BEGIN
    IF p_days IS NULL OR p_day IS NULL THEN
        RETURN NULL;
    END IF;
    -- No stretch of the calendar has fewer than one working day in three, nor a month of holidays.
    IF p_days > 0 OR (p_days = 0 AND NOT casework_is_working_day(p_day)) THEN
        SELECT day::date INTO found
        FROM generate_series(p_day + 1, p_day + 31 + 3 * p_days, interval '1 day') AS day
        WHERE casework_is_working_day(day::date)
        ORDER BY day OFFSET greatest(p_days, 1) - 1 LIMIT 1;
    ELSIF p_days = 0 THEN
        found := p_day;
    ELSE
        -- The day from which so many working days lie up to p_day: one working day further back than their number.
        SELECT day::date INTO found
        FROM generate_series(p_day - 31 + 3 * p_days, p_day, interval '1 day') AS day
        WHERE casework_is_working_day(day::date)
        ORDER BY day DESC OFFSET -p_days LIMIT 1;
    END IF;
    IF found IS NULL THEN
        RAISE EXCEPTION '节假日安排有误：% 起找不到 % 个工作日', p_day, p_days
            USING ERRCODE = 'data_exception', HINT = '请系统管理员核对节假日安排。';
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION casework_add_working_days(date, integer) IS
    'The so-manieth working day after a day, before it when negative; with 0 the day itself or the next working day.';
"""

DROP = """
DROP FUNCTION casework_add_working_days(date, integer);
DROP FUNCTION casework_working_days(date, date);
DROP FUNCTION casework_is_working_day(date);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('casework', '0002_papers_by_side'),
        ('policy', '0003_refuse_truncate'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(CREATE, DROP),
        pgtrigger.migrations.AddTrigger(
            model_name='review',
            trigger=pgtrigger.compiler.Trigger(name='given_while_asked', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (NEW."given_at" IS NOT NULL)', declare='DECLARE asked casework_case%ROWTYPE;', func="\n                    -- The lock lets no review slip in beside the move that ends the round.\n                    SELECT * INTO asked FROM casework_case WHERE id = NEW.case_id FOR SHARE;\n                    IF asked.state <> 'review' OR asked.round <> NEW.round THEN\n                        RAISE EXCEPTION '办件 % 不在这一轮会审，不能出具意见', coalesce(asked.number, asked.id::text)\n                            USING ERRCODE = 'check_violation', CONSTRAINT = 'casework_review_while_asked';\n                    END IF;\n                    IF asked.filed_by_id = NEW.given_by_id THEN\n                        RAISE EXCEPTION '填报人不得对自己填报的办件出具意见'\n                            USING ERRCODE = 'check_violation', CONSTRAINT = 'casework_review_by_another';\n                    END IF;\n                    RETURN NEW;\n                ", hash='a1aae8c3a6c24b85a535469edb6b6f273f888a99', operation='INSERT OR UPDATE', pgid='pgtrigger_given_while_asked_541f6', table='casework_review', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='case',
            constraint=models.CheckConstraint(condition=models.Q(('decided_by__isnull', True), ('accepted_by__isnull', True), models.Q(('decided_by', models.F('accepted_by')), _negated=True), _connector='OR'), name='casework_case_decider_did_not_accept', violation_error_message='受理人不得决定自己受理的办件。'),
        ),
    ]
