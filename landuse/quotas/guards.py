"""What the ledger must keep, held by the database: nobody overdraws, whoever writes.

Every statement that books entries is looked at as a whole when it ends. It first takes a
lock on the annual plans it touches (place and year), always in the same order, so that
writers of one plan come one after another; each query of the function then takes a new
snapshot under READ COMMITTED and sees what the writer before it committed. The lock is on
place and year and not on rows of pools, because the cap weighs all pools of an annual
plan together, among them pools another transaction is just making. Under REPEATABLE READ
the old snapshot would hide those entries, so such a writer is refused.

Then it refuses

- a transfer without its other half, with another amount, or across years;
- a pool whose available quota falls below zero;
- a case that gives up more than it holds, holds more than it asked for, or draws on
  another pool than the one it asked;
- a programme's share of the annual plan above the cap in force on the day of booking,
  as far as no documented transfer covers it (rules QT-2, A14). Where no parameter is in
  force there is no cap.
"""

from __future__ import annotations

import pgtrigger

CAP_KEY = "quota.annual_share_percent"
"""The greatest share of an annual plan that programme pools may hold or use, in percent (S001 三(十), a reference)."""

_MU = "'FM999,999,999,990.0000'"

_TAKE_TURNS = """
    IF current_setting('transaction_isolation') = 'repeatable read' THEN
        RAISE EXCEPTION '指标台账不能在 REPEATABLE READ 事务中记账'
            USING ERRCODE = 'feature_not_supported', HINT = '请用 READ COMMITTED';
    END IF;
    PERFORM pg_advisory_xact_lock(place, year) FROM (
        SELECT DISTINCT plan.place_id::int AS place, plan.year::int AS year
        FROM new_rows n
        JOIN quotas_quotapool pool ON pool.id = n.pool_id
        JOIN quotas_quotaplan plan ON plan.id = pool.plan_id
        ORDER BY 1, 2
    ) touched;
"""

_TRANSFERS_PAIR = """
    SELECT n.transfer INTO fault
    FROM new_rows n
    JOIN quotas_quotapool pool ON pool.id = n.pool_id
    JOIN quotas_quotaplan plan ON plan.id = pool.plan_id
    WHERE n.transfer IS NOT NULL
    GROUP BY n.transfer
    HAVING count(*) <> 2
        OR count(*) FILTER (WHERE n.kind = 'transfer_in') <> 1
        OR count(DISTINCT n.pool_id) <> 2
        OR count(DISTINCT n.amount_mu) <> 1
        OR count(DISTINCT n.document_number) <> 1
        OR count(DISTINCT plan.year) <> 1
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '调剂须一笔调出、一笔调入同时记账，面积、文号和年度一致，且在两个指标池之间'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'quotas_transfer_pairs', TABLE = TG_TABLE_NAME;
    END IF;
"""

_NOT_OVERDRAWN = f"""
    SELECT pool.name, balance.available, balance.available + taken.amount AS before, taken.amount AS taken INTO fault
    FROM (
        SELECT pool_id, sum(reserved_mu + committed_mu - granted_mu - transferred_mu) AS amount
        FROM new_rows GROUP BY pool_id
    ) taken
    JOIN quotas_quotapool pool ON pool.id = taken.pool_id
    CROSS JOIN LATERAL (
        SELECT sum(granted_mu + transferred_mu - reserved_mu - committed_mu) AS available
        FROM quotas_quotaentry WHERE pool_id = taken.pool_id
    ) balance
    WHERE balance.available < 0
    ORDER BY pool.id LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '“%”池内可用 % 亩，需 % 亩，差 % 亩', fault.name,
                to_char(fault.before, {_MU}), to_char(fault.taken, {_MU}), to_char(-fault.available, {_MU})
            USING ERRCODE = 'check_violation', CONSTRAINT = 'quotas_pool_not_overdrawn', TABLE = TG_TABLE_NAME,
                HINT = '可先下达或调入指标，或减少面积';
    END IF;
"""

_CASE_HOLDS = f"""
    SELECT pool.name, coalesce(cases.number, cases.id::text) AS number, held.*,
           request.amount_mu AS asked, request.pool_id AS asked_pool INTO fault
    FROM (SELECT DISTINCT pool_id, case_id FROM new_rows WHERE case_id IS NOT NULL) touched
    JOIN quotas_quotapool pool ON pool.id = touched.pool_id
    JOIN casework_case cases ON cases.id = touched.case_id
    LEFT JOIN quotas_quotarequest request ON request.case_id = touched.case_id
    CROSS JOIN LATERAL (
        SELECT touched.pool_id AS pool_id, sum(reserved_mu) AS reserved, sum(committed_mu) AS committed
        FROM quotas_quotaentry WHERE pool_id = touched.pool_id AND case_id = touched.case_id
    ) held
    WHERE held.reserved < 0 OR held.committed < 0 OR request.case_id IS NULL
        OR request.pool_id <> touched.pool_id OR held.reserved + held.committed > request.amount_mu
    ORDER BY touched.case_id LIMIT 1;
    IF FOUND THEN
        IF fault.asked IS NULL OR fault.asked_pool <> fault.pool_id THEN
            RAISE EXCEPTION '办件 % 没有申请“%”的指标', fault.number, fault.name
                USING ERRCODE = 'check_violation', CONSTRAINT = 'quotas_case_asked', TABLE = TG_TABLE_NAME;
        ELSIF fault.reserved < 0 OR fault.committed < 0 THEN
            RAISE EXCEPTION '办件 % 在“%”的%指标不足，差 % 亩', fault.number, fault.name,
                    CASE WHEN fault.reserved < 0 THEN '预留' ELSE '已用' END,
                    to_char(-least(fault.reserved, fault.committed), {_MU})
                USING ERRCODE = 'check_violation', CONSTRAINT = 'quotas_case_holds', TABLE = TG_TABLE_NAME,
                    HINT = '同一笔指标不能记两次，请刷新后查看台账';
        ELSE
            RAISE EXCEPTION '办件 % 申请 % 亩，记账后共 % 亩，超出申请', fault.number,
                    to_char(fault.asked, {_MU}), to_char(fault.reserved + fault.committed, {_MU})
                USING ERRCODE = 'check_violation', CONSTRAINT = 'quotas_case_asked', TABLE = TG_TABLE_NAME,
                    HINT = '同一笔指标不能记两次，请刷新后查看台账';
        END IF;
    END IF;
"""

# Weighed only when the statement brings the share nearer to the cap: entries that lower it, or leave it as it is,
# must pass even where a parameter adopted later finds the plan above it.
_SHARE_CAPPED = f"""
    FOR fault IN
        SELECT plan.place_id, plan.year, place.name AS place_name, max(n.booked_on) AS booked_on,
               bool_or(n.kind <> 'reserve') AS holds, bool_or(n.kind = 'reserve') AS uses
        FROM new_rows n
        JOIN quotas_quotapool pool ON pool.id = n.pool_id
        JOIN quotas_quotaplan plan ON plan.id = pool.plan_id
        JOIN policy_jurisdiction place ON place.code = plan.place_id
        WHERE (pool.programme_id IS NOT NULL AND n.kind IN ('grant', 'reserve'))
            OR (pool.programme_id IS NOT NULL AND n.kind = 'transfer_in' AND n.document_number = '')
            OR (pool.programme_id IS NULL AND n.kind = 'return' AND n.case_id IS NULL)
        GROUP BY plan.place_id, plan.year, place.name
        ORDER BY plan.place_id, plan.year
    LOOP
        share_percent := policy_number('{CAP_KEY}', fault.place_id, fault.booked_on);
        CONTINUE WHEN share_percent IS NULL;
        SELECT * INTO standing FROM quotas_programme_share(fault.place_id, fault.year::int);
        cap_mu := standing.granted_mu * share_percent / 100;
        over_mu := greatest(
            CASE WHEN fault.holds THEN standing.weighed_mu - cap_mu END,
            CASE WHEN fault.uses THEN standing.used_mu - cap_mu - standing.covered_mu END
        );
        IF over_mu > 0 THEN
            RAISE EXCEPTION USING
                MESSAGE = format(
                    '%s %s 年项目池%s %s 亩，超过年度计划指标 %s 亩的 %s%%（%s 亩）%s，超 %s 亩',
                    fault.place_name, fault.year, CASE WHEN fault.holds THEN '指标共' ELSE '共用' END,
                    to_char(CASE WHEN fault.holds THEN standing.programme_mu ELSE standing.used_mu END, {_MU}),
                    to_char(standing.granted_mu, {_MU}), trim_scale(share_percent), to_char(cap_mu, {_MU}),
                    CASE WHEN standing.covered_mu > 0
                        THEN format('与年中调剂 %s 亩之和', to_char(standing.covered_mu, {_MU})) ELSE '' END,
                    to_char(over_mu, {_MU})),
                ERRCODE = 'check_violation', CONSTRAINT = 'quotas_programme_share', TABLE = TG_TABLE_NAME,
                HINT = '超出部分须先作年中调剂入池，并写明批准文号';
        END IF;
    END LOOP;
"""

ENTRIES_HOLD = pgtrigger.Trigger(
    name="entries_hold",
    level=pgtrigger.Statement,
    when=pgtrigger.After,
    operation=pgtrigger.Insert,
    referencing=pgtrigger.Referencing(new="new_rows"),
    declare=[
        ("fault", "record"),
        ("standing", "record"),
        ("share_percent", "numeric"),
        ("cap_mu", "numeric"),
        ("over_mu", "numeric"),
    ],
    func=f"{_TAKE_TURNS}{_TRANSFERS_PAIR}{_NOT_OVERDRAWN}{_CASE_HOLDS}{_SHARE_CAPPED}    RETURN NULL;\n",
)

REQUEST_STANDS_WHILE_HELD = pgtrigger.Trigger(
    name="stands_while_held",
    when=pgtrigger.Before,
    operation=pgtrigger.UpdateOf("pool_id", "amount_mu"),
    declare=[("held", "numeric")],
    func="""
        SELECT sum(reserved_mu + committed_mu) INTO held FROM quotas_quotaentry WHERE case_id = OLD.case_id;
        IF held > 0 AND (NEW.pool_id <> OLD.pool_id OR NEW.amount_mu <> OLD.amount_mu) THEN
            RAISE EXCEPTION '该申请已占用指标，指标池和面积不可再改'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'quotas_request_stands',
                    HINT = '先释放指标';
        END IF;
        RETURN NEW;
    """,
)
