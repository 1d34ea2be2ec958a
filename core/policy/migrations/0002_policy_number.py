"""The rule that finds a parameter, once, in the database: the page, the service and a bulk statement share it."""

from django.db import migrations

CREATE = """
CREATE FUNCTION policy_parameter_id(p_key text, p_place text, p_on date) RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
-- plpgsql keeps its plan for the session; in sql the statement would be planned again at every call.
DECLARE
    answer bigint;
BEGIN
    WITH RECURSIVE place (code, parent_id, distance) AS (
        SELECT code, parent_id, 0 FROM policy_jurisdiction WHERE code = p_place
        UNION ALL
        SELECT above.code, above.parent_id, place.distance + 1
        FROM place
        JOIN policy_jurisdiction above ON above.code = place.parent_id
        -- Town, district, city: the bound keeps a cycle somebody typed from running for ever.
        WHERE place.distance < 4
    )
    SELECT parameter.id INTO answer
    FROM place
    JOIN policy_parameter parameter ON parameter.jurisdiction_id = place.code
    WHERE parameter.key = p_key
      AND parameter.status <> 'reference'
      AND daterange(parameter.valid_from, parameter.valid_to, '[)') @> p_on
    ORDER BY place.distance
    LIMIT 1;
    RETURN answer;
END
$$;
COMMENT ON FUNCTION policy_parameter_id(text, text, date) IS
    'Parameter in force for a key at a place on a day: the place itself, then its parents; references never answer.';

CREATE FUNCTION policy_number(p_key text, p_place text, p_on date) RETURNS numeric
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (SELECT value FROM policy_parameter WHERE id = policy_parameter_id(p_key, p_place, p_on));
END
$$;
COMMENT ON FUNCTION policy_number(text, text, date) IS
    'Figure in force for a key at a place on a day, in the unit of its parameter; null where none is in force.';
"""

DROP = """
DROP FUNCTION policy_number(text, text, date);
DROP FUNCTION policy_parameter_id(text, text, date);
"""


class Migration(migrations.Migration):
    dependencies = [("policy", "0001_initial")]

    operations = [migrations.RunSQL(CREATE, DROP)]
