"""References checked a statement at a time: a check and a row lock for each of a million rows cost more than writing.

The table that points has a statement trigger with :func:`points_to` in it. The table pointed to gets row triggers by a
migration that refuse to remove or renumber what is pointed to. Both take one lock, shared by those who add and alone
for those who remove, so that neither passes the other unseen.
"""

from __future__ import annotations

from collections.abc import Mapping


def points_to(*, table: str, subjects: Mapping[str, tuple[str, str]], lock: str, sentence: str) -> str:
    """PL/pgSQL for a statement trigger whose new rows are ``new_rows``: what they point to is there.

    ``subjects`` are the table and its key by the column that names one of its rows, or nothing. ``lock`` names the
    lock; ``sentence`` is what a refusal says, under the name ``TABLE_points_to_something``.
    """
    joins = "".join(
        f" LEFT JOIN {subject} s{at} ON s{at}.{key} = n.{column}"
        for at, (column, (subject, key)) in enumerate(subjects.items())
    )
    nowhere = " OR ".join(
        f"n.{column} IS NOT NULL AND s{at}.{key} IS NULL" for at, (column, (_, key)) in enumerate(subjects.items())
    )
    return f"""
                PERFORM pg_advisory_xact_lock_shared(hashtextextended('{lock}', 0));
                IF EXISTS (SELECT FROM new_rows n{joins} WHERE {nowhere}) THEN
                    RAISE EXCEPTION '{sentence}'
                        USING ERRCODE = 'foreign_key_violation', CONSTRAINT = '{table}_points_to_something',
                            TABLE = TG_TABLE_NAME;
                END IF;
    """
