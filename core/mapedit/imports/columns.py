"""Which column of a file holds which attribute of a layer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from django.utils.translation import gettext as _

from core.geodata.exchange.formats import DXF, TXT
from core.mapedit.layers import Attribute, EditableLayer
from core.refusals import Refused

CODE = "code"
"""The key under which a mapping names the column of the feature's code."""

HECTARES = "declared_ha"
"""The key of the column with a 国土 TXT's declared area, in hectares of the plane."""

_TXT_CODE, _TXT_NAME, _TXT_HECTARES = "编号", "名称", "面积公顷"
_DXF_CODE = "Layer"


def propose(layer: EditableLayer, columns: Iterable[str], *, file_format: str) -> dict[str, str]:
    """Attribute (or ``CODE``) → column of the file, by name and regardless of case.

    An attribute is known by its shapefile name, its aliases, its label and its own name,
    in that order; a column serves one attribute. DXF holds the code alone, in the name of
    the drawing's layer; 国土 TXT calls what people call a feature by 名称 and declares its
    area in hectares.
    """
    columns = list(columns)
    if file_format == DXF:
        return {CODE: _DXF_CODE} if _DXF_CODE in columns else {}
    found: dict[str, str] = {}
    free = {_plain(column): column for column in reversed(columns)}

    def take(key: str, names: Iterable[str]) -> None:
        for name in names:
            if name and (column := free.pop(_plain(name), None)) is not None:
                found[key] = column
                return

    if file_format == TXT:
        take(CODE, [_TXT_CODE])
        take(layer.label, [_TXT_NAME])
        take(HECTARES, [_TXT_HECTARES])
    if CODE not in found:
        take(CODE, _code_names(layer))
    for attribute in layer.attributes:
        if attribute.name not in found:
            take(attribute.name, _names(attribute))
    return found


def choose(
    layer: EditableLayer, proposed: Mapping[str, str], wanted: Mapping[str, str], columns: Iterable[str]
) -> dict[str, str]:
    """``proposed`` as a person corrected it: ``wanted`` maps attributes (or ``CODE``) to columns, "" to none.

    Raises Refused for an attribute or a column that does not exist, or a column used twice.
    """
    columns = set(columns)
    known = {CODE, HECTARES, *layer.columns()}
    chosen = dict(proposed)
    for key, column in wanted.items():
        if key not in known:
            raise Refused(_("图层“%(layer)s”没有属性“%(name)s”。") % {"layer": layer.title, "name": key})
        if column and column not in columns:
            raise Refused(_("文件中没有字段“%(column)s”。") % {"column": column})
        chosen[key] = column
    chosen = {key: column for key, column in chosen.items() if column}
    twice = [column for column in chosen.values() if list(chosen.values()).count(column) > 1]
    if twice:
        raise Refused(_("字段“%(column)s”对应了两个属性，请只选其一。") % {"column": twice[0]})
    return chosen


def _code_names(layer: EditableLayer) -> list[str]:
    return [layer.code_dbf, *layer.code_aliases, str(layer.code_label), layer.feature_column, layer.feature]


def _names(attribute: Attribute) -> list[str]:
    return [attribute.dbf, *attribute.aliases, str(attribute.label), attribute.name]


def _plain(name: str) -> str:
    return re.sub(r"\s+", "", name).casefold()
