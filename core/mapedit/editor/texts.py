"""What the editor's scripts say, in the reader's language."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from core.mapedit.checks import repairs
from core.mapedit.models import Action

REPAIRS = (
    "snap_to_neighbour",
    "remove_overlap",
    "clip_to_district",
    "drop_sliver",
    "remove_spike",
    "remove_close_vertices",
    "make_valid",
)


def texts() -> dict[str, Any]:
    """Sentences, labels and hints by the key the scripts know them by; ``{name}`` marks what they fill in."""
    return {
        **_states(),
        **_feature(),
        **_findings(),
        "tools": {
            "select": _("选择"),
            "draw": _("绘制"),
            "reshape": _("整形"),
            "line": _("改界"),
            "split": _("切割"),
            "merge": _("合并"),
            "hole": _("挖洞"),
            "remove": _("移除"),
        },
        "hints": {
            "draw": _("依次点出界址点，双击或按 Enter 结束，Backspace 撤一点，Esc 取消。"),
            "reshape": _("拖动界址点；点边中点加点，右键点删点。按住 Alt 不吸附。"),
            "line": _("从边界上的一处画到另一处，双击或按 Enter 以所画的线代替原边界。"),
            "split": _("从界外画一条线穿过要素，双击或按 Enter 切割。"),
            "merge": _("点选两个以上相接的要素，按 Enter 合并；第一个的编号和属性保留。"),
            "hole": _("在要素之内画出要挖去的范围，双击或按 Enter 结束。"),
        },
        "actions": {action.value: str(action.label) for action in Action},
        "repairs": {name: repairs.offer(name) for name in REPAIRS},
        "zoomIn": _("放大"),
        "zoomOut": _("缩小"),
        "empty": _("（空）"),
        "yes": _("是"),
        "no": _("否"),
    }


def _states() -> dict[str, str]:
    return {
        "saved": _("{time} 已自动保存"),
        "saving_saving": _("正在保存"),
        "saving_offline": _("未连上服务器，修改已存在本机，连上后自动保存"),
        "saving_refused": _("未保存"),
        "offline": _("未连上服务器。修改已存在本机，连上后自动保存；切割、合并等须等连上后再做。"),
        "labelsFailed": _("地名未载入：服务器没有应答。"),
        "shapesFailed": _("本次变更的图形未载入：服务器没有应答。移动地图会再次尝试。"),
        "snapFailed": _("邻界未载入，拖动时暂不吸附；服务器没有应答。"),
        "tooMany": _("视野内变更过多，只画出一部分；放大后全部显示，清单不受影响。"),
        "dense": _("视野内还有 {n} 个界址点未列出，放大后可拖动。"),
        "selectFirst": _("请先选择一个要素：在图上点选，或在右侧查找。"),
        "nothingYet": _("尚无变更，画出或修改后才能提交"),
        "unresolved": _("{n} 个错误未解决"),
        "alsoHere": _("{name}也打开了本变更"),
        "otherFeature": _("{name}正在修改 {code}"),
        "sameFeature": _("{name}也正在修改这个要素；后保存的一方会看到对照"),
        "sameElsewhere": _("{name}正在变更 #{set} 中修改同一要素"),
        "theirs": _("对方"),
        "inForce": _("现行"),
        "merged": _("合并对照"),
        "rebase": _("“{code}”的现行版本在编制之后已由另一次发布改变。请逐项选定，合并到现行版本之上。"),
    }


def _feature() -> dict[str, str]:
    return {
        "attributes": _("改属性"),
        "snap": _("吸附到邻界"),
        "discard": _("放弃此处修改"),
        "rename": _("改编号"),
        "removed": _("已移除“{name}”。"),
        "unchanged": _("现行，未改"),
        "shape": _("图形"),
        "required": _("必填"),
        "none": _("未填"),
        "notANumber": _("应为数字。"),
        "stale": _("现行版本已变，待合并"),
        "merging": _("合并：{names}。按 Enter 合并，再点一次取消选择。"),
        "noChanges": _("还没有变更。选择要素后整形，或用“绘制”新增。"),
        "noHits": _("没有这样的要素。可按编号或名称的一部分查找。"),
    }


def _findings() -> dict[str, str]:
    return {
        "error": _("错误"),
        "warning": _("提示"),
        "found": _("{errors} 个错误，{warnings} 个提示"),
        "clean": _("未发现问题"),
        "nothingToCheck": _("尚无变更可查"),
        "locate": _("定位"),
        "openFeature": _("打开 {code}"),
        "met": _("符合"),
        "unmet": _("不符合"),
        "bound": _("下限 {required}"),
        "surplus": _("余量 {area}"),
        "short": _("缺 {area}"),
        "thisSet": _("本次变更"),
        "changed": _("{n} 处"),
    }
