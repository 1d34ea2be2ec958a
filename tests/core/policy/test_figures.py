"""Every figure the five documents set for land, parks and programmes is a parameter: none is dropped, none invented.

The table is written from the documents, rule by rule, and not from the fixture files. Subsidies and rewards are left
out (fixtures/README.md). A rule in words alone is in the second list.
"""

from collections import defaultdict
from decimal import Decimal

import pytest

from core.policy.models import Parameter

pytestmark = pytest.mark.django_db

FIGURES = {
    # Red line and zones
    "RL-2": "=54 >10000",
    "RL-3": ">=450 =450",
    "RL-4": ">=21 >=190 >=111 >=53 >=75",
    "RL-8": "=2026",
    "RL-13": "=10",
    # Reserve, renewal
    "RS-1": ">=17000",
    "RS-2": "=6",
    "VR-1": "=33 >=1000",
    "VR-2": "=12",
    "VR-3": "=2026",
    "VR-6": "=100",
    # Plot ratio, leases, quota, division, titles
    "PR-1": "=0",
    "PR-2": "=0",
    "PR-5": "<=15 <=15",
    "LT-1": "<=0",
    "LT-4": "=3",
    "QT-2": "<=20",
    "PD-2": "<=25 <=20",
    "TR-1": ">=2",
    "TR-2": ">=2 =11",
    # Yield, factories, parks
    "PM-1": "=12",
    "PM-6": "=2016 >=2",
    "CF-1": "=6",
    "PE-5": "=12",
    # Programmes: 南海, 东莞, 清远, 佛山
    "EP-N1": "=200 >=800 >=1000 =5 =2022 =4",
    "EP-N2": ">=10 >100 >=100 >=1000 >=10000 >=2 >=300 >=1500 >=200 >=3 =100 >=5 >=1 >=70 >=300 >=15 >=900 >=15 >=2"
    " >=10",
    "EP-N3": ">=50 >=1 =2016 >=2000 >=10 >=1 =4 >=1 =7",
    "EP-N4": "=4",
    "EP-N5": "=5 ~40 >=1 <=2 >=1",
    "EP-N6": "=12",
    "EP-N7": "=6",
    "EP-N8": "<=6 <=3",
    "EP-N10": "=3 =12",
    "EP-N14": "=2022",
    "EP-D1": "=200 >=50 =1000 >=3 <=5",
    "EP-D2": "=2015 >=2000 >=10 >0",
    "EP-D3": "~100",
    "EP-D4": "<=1 =12 =6",
    "EP-D5": "~50 =4",
    "EP-D6": "=50 <=50 <=500 <=30 <=300",
    "EP-D7": ">=1 =2021",
    "EP-Z1": ">=12 ~270 =5 =100 =2027",
    "EP-Z4": "=2 >1000 =33 >100 =1000",
    "EP-H1": "=2 =500 =1000",
    "EP-H3": ">=800 =498 =3",
    "EP-H4": "=1073 =2019 >=500 <=2000",
    # Demands, joint review of schemes
    "DM-4": ">=10 >=2 >=2000 >=2 =4",
    "DM-5": ">=1 <=1",
    "DM-6": "=3",
    "DM-7": ">=50 >=20 >=98 =3",
    "DM-10": ">=1",
    "MG-1": "=4",
}

IN_WORDS_ALONE = """
    RL-1 RL-7 RL-10 RL-12 RL-14 RS-5 RS-6 PR-4 LT-2 LT-3 QT-1 QT-3 QT-4 PD-1 PD-3 PD-4 CS-1 CS-2 CS-5 CS-7 PM-4 PE-1
    PE-4 EP-N9 EP-D8 EP-Z2 EP-Z3 EP-H2 DM-2 DM-8 MG-2 MG-3 OL-1 OL-4 OL-5 OL-6 OL-7
"""


def held() -> dict[str, list[str]]:
    """Comparison and figure of every parameter of the documents, by rule; an empty list where it is words alone."""
    found: dict[str, list[str]] = defaultdict(list)
    for rule, comparison, number in (
        Parameter.objects.exclude(document="MC-DEFAULT")
        .exclude(status=Parameter.Status.ADOPTED)
        .values_list("clause_id", "comparison", "value")
    ):
        found[rule] += [] if number is None else [f"{comparison}{Decimal(number).normalize():f}"]
    return found


@pytest.mark.parametrize("rule", FIGURES)
def test_the_figures_of_a_rule_are_its_parameters(rule: str) -> None:
    assert sorted(held()[rule]) == sorted(FIGURES[rule].split())


def test_no_other_rule_sets_a_figure_and_the_rest_are_words() -> None:
    assert {rule for rule, figures in held().items() if figures} == set(FIGURES)
    assert {rule for rule, figures in held().items() if not figures} == set(IN_WORDS_ALONE.split())
