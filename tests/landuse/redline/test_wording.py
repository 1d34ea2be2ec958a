"""The answer sentence keeps its side of the floor at every size of surplus."""

import pytest

from landuse.redline import wording
from landuse.redline.compliance import Standing


def nanhai(surplus_m2: float) -> Standing:
    floor_m2 = 190_000_000.0
    return Standing("440605", "南海区", "nanhai", floor_m2 + surplus_m2, floor_m2, 0, 1)


@pytest.mark.parametrize(
    ("surplus_m2", "sentence"),
    [
        (620_266.67, "南海区守住工业用地红线，高出下限 0.62\u2009km²（930.40\u2009亩）"),
        (0, "南海区守住工业用地红线，恰好等于下限，没有余量"),
        (-1, "南海区未守住工业用地红线，低于下限 1.00\u2009m²"),
        (-0.01, "南海区未守住工业用地红线，低于下限 0.01\u2009m²"),
        (0.01, "南海区守住工业用地红线，高出下限 0.01\u2009m²"),
        (-18_000_000, "南海区未守住工业用地红线，低于下限 18.00\u2009km²（27,000.00\u2009亩）"),
    ],
)
def test_a_surplus_is_never_rounded_into_compliance(surplus_m2, sentence):
    assert wording.district_sentence(nanhai(surplus_m2)).startswith(sentence)


def test_a_hundredth_of_a_square_metre_is_still_a_figure_in_mu():
    said = wording.distance(nanhai(-0.01))
    assert "0.00\u2009亩" not in said
    assert "亩" in said
