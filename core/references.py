"""References checked a statement at a time: a check and a row lock for each of a million rows cost more than writing.

The table that points has a statement trigger with :func:`points_to` in it. The table pointed to gets row triggers by a
migration that refuse to remove or renumber what is pointed to. Both take one lock, shared by those who add and alone
for those who remove, so that neither passes the other unseen.
"""

from __future__ import annotations


def points_to(*, table: str, column: str, subject: str, key: str, lock: str, sentence: str) -> str:
    """PL/pgSQL for a statement trigger whose new rows are ``new_rows``: ``column`` names a ``subject`` or nothing.

    ``lock`` names the lock; ``sentence`` is what a refusal says, under the name ``TABLE_points_to_something``.
    """
    return f"""
                PERFORM pg_advisory_xact_lock_shared(hashtextextended('{lock}', 0));
                IF EXISTS (
                    SELECT FROM new_rows n
                    WHERE n.{column} IS NOT NULL AND NOT EXISTS (SELECT FROM {subject} s WHERE s.{key} = n.{column})
                ) THEN
                    RAISE EXCEPTION '{sentence}'
                        USING ERRCODE = 'foreign_key_violation', CONSTRAINT = '{table}_points_to_something',
                            TABLE = TG_TABLE_NAME;
                END IF;
    """  # noqa: S608
