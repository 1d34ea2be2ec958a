"""Guards of things that walk from state to state, written once for every table that has such a life."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pgtrigger


def declared_moves(*, noun: str, first: str, steps: Iterable[tuple[str, str]], constraint: str) -> pgtrigger.Trigger:
    """A trigger that lets a row begin as ``first`` and then only take one of ``steps`` (from, to) at a time.

    ``noun`` is what people call the row; ``constraint`` the name a refusal goes by.
    """
    pairs = ", ".join(f"('{source}', '{target}')" for source, target in steps)
    return pgtrigger.Trigger(
        name="moves_are_declared",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("state"),
        func=f"""
            IF TG_OP = 'INSERT' THEN
                IF NEW.state <> '{first}' THEN
                    RAISE EXCEPTION '{noun}不能从 % 开始', NEW.state
                        USING ERRCODE = 'check_violation', CONSTRAINT = '{constraint}';
                END IF;
            ELSIF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN ({pairs}) THEN
                RAISE EXCEPTION '{noun}不能由 % 转为 %', OLD.state, NEW.state
                    USING ERRCODE = 'check_violation', CONSTRAINT = '{constraint}';
            END IF;
            RETURN NEW;
        """,
    )


def declared_moves_by(
    *, column: str, noun: str, ways: Mapping[str, tuple[str, Iterable[tuple[str, str]]]], constraint: str
) -> pgtrigger.Trigger:
    """:func:`declared_moves` for rows of several lives: ``column`` says which of ``ways`` (first, steps) a row goes."""
    firsts = ", ".join(f"('{way}', '{first}')" for way, (first, _steps) in ways.items())
    steps = ", ".join(
        f"('{way}', '{source}', '{target}')" for way, (_first, pairs) in ways.items() for source, target in pairs
    )
    return pgtrigger.Trigger(
        name="moves_are_declared",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("state"),
        func=f"""
            IF TG_OP = 'INSERT' THEN
                IF (NEW.{column}, NEW.state) NOT IN ({firsts}) THEN
                    RAISE EXCEPTION '{noun}不能从 % 开始', NEW.state
                        USING ERRCODE = 'check_violation', CONSTRAINT = '{constraint}';
                END IF;
            ELSIF NEW.state <> OLD.state AND (NEW.{column}, OLD.state, NEW.state) NOT IN ({steps}) THEN
                RAISE EXCEPTION '{noun}不能由 % 转为 %', OLD.state, NEW.state
                    USING ERRCODE = 'check_violation', CONSTRAINT = '{constraint}';
            END IF;
            RETURN NEW;
        """,
    )


def stands_with(*, state_of: str, while_in: Iterable[str], sentence: str, constraint: str) -> pgtrigger.Trigger:
    """A trigger that lets the parts of a whole be written only while the whole is in one of the states ``while_in``.

    ``state_of`` is the SELECT of the whole's state, with ``{row}`` where the part's row stands. It takes the
    whole's row lock, so that the whole cannot move on between this look and the commit.
    """
    states = ", ".join(f"'{state}'" for state in while_in)

    def look(row: str) -> str:
        return f"""
            {state_of.format(row=row)} FOR SHARE INTO whole_state;
            IF whole_state NOT IN ({states}) THEN
                RAISE EXCEPTION '{sentence}' USING ERRCODE = 'restrict_violation', CONSTRAINT = '{constraint}';
            END IF;
        """

    return pgtrigger.Trigger(
        name="stands_with_the_whole",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        declare=[("whole_state", "text")],
        func=f"""
            IF TG_OP <> 'INSERT' THEN
                {look("OLD")}
            END IF;
            IF TG_OP = 'DELETE' THEN
                RETURN OLD;
            END IF;
            {look("NEW")}
            RETURN NEW;
        """,
    )


def only_these_change(
    *, when: pgtrigger.Q, free: Iterable[str], sentence: str, hint: str, constraint: str
) -> pgtrigger.Trigger:
    """A trigger that keeps a row as it is ``when`` so, but for its ``free`` columns; it cannot be deleted either."""
    columns = ", ".join(f"'{column}'" for column in free)
    return pgtrigger.Trigger(
        name="stands_as_it_is",
        when=pgtrigger.Before,
        operation=pgtrigger.Update | pgtrigger.Delete,
        condition=when,
        func=f"""
            IF TG_OP = 'DELETE' OR (to_jsonb(NEW) - ARRAY[{columns}]) <> (to_jsonb(OLD) - ARRAY[{columns}]) THEN
                RAISE EXCEPTION '{sentence}'
                    USING ERRCODE = 'restrict_violation', CONSTRAINT = '{constraint}', HINT = '{hint}';
            END IF;
            RETURN NEW;
        """,
    )
