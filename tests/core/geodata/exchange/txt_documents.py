"""国土 TXT written by hand: pieces of files that the tests put together, and readings of what came out."""

import shapely

from core.geodata.exchange import txt

KEYS = {
    "格式版本号": "1.01版本",
    "坐标系": "2000国家大地坐标系",
    "几度分带": "3",
    "投影类型": "高斯克吕格",
    "计量单位": "米",
    "带号": "38",
    "精度": "0.001",
    "转换参数": ",,,,,,",
}
# 80 m × 100 m, 0.8 ha, clockwise from the north-west; easting without its zone.
RING = [(2551080.0, 397000.0), (2551080.0, 397100.0), (2551000.0, 397100.0), (2551000.0, 397000.0)]
HOLE = [(2551020.0, 397020.0), (2551060.0, 397020.0), (2551060.0, 397080.0), (2551020.0, 397080.0)]
BESIDE = [(2551080.0, 397200.0), (2551080.0, 397300.0), (2551000.0, 397300.0), (2551000.0, 397200.0)]
HEADER_LINE, FIRST_ROW = 11, 12  # in `document`
HEADER = "5,0.8000,DK-1,示例地块,面,F49G001001,工业用地,0601,@"


def points(ring=RING, *, number=1, first=1, zone="38", closing="J{first}", name="J{n}"):
    """The rows of one ring; `closing` names the row that repeats the first point, None leaves it out."""
    rows = [f"{name.format(n=n)},{number},{north:.3f},{zone}{east:.3f}" for n, (north, east) in enumerate(ring, first)]
    if closing is not None:
        north, east = ring[0]
        rows.append(f"{closing.format(first=first, next=first + len(ring))},{number},{north:.3f},{zone}{east:.3f}")
    return rows


def document(*lines, **keys):
    """A whole file: 属性描述 with `keys` in place of the usual ones, then `lines` under 地块坐标."""
    head = [f"{key}={value}" for key, value in {**KEYS, **keys}.items() if value is not None]
    return "\n".join(["[属性描述]", *head, "[地块坐标]", *lines])


def read(text, **options):
    return txt.parse(text.encode() if isinstance(text, str) else text, **options)


def kinds(file, severity=None):
    return [note.kind for note in file.notes if severity in (None, note.severity)]


def note(file, kind):
    (found,) = [each for each in file.notes if each.kind == kind]
    return found


def box(ring, zone=38):
    return shapely.Polygon([(east + zone * 1_000_000, north) for north, east in ring])
