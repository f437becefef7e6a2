"""What stands on a receipt, line by line: one list for the page, the PDF and the picture (慈善法 38)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from backend.core.clock import local_day
from backend.donations.wording import yuan
from backend.projects.queries import get_project
from backend.receipts.codes import check_code
from backend.receipts.models import CANCELS, REST
from backend.receipts.queries import CANCELLED, PaperRecord
from backend.receipts.wording import capitals

CHANNELS = {"sandbox": "沙箱支付（演示，没有真实资金）", "wechat": "微信支付"}
DEMO = "演示数据：没有真实资金，本收据不作任何凭证"
LAW = (
    "依据《中华人民共和国慈善法》第三十八条，由受赠组织通过幸福家园平台依账本开具。这是平台收据，不是财政电子票据；"
    "需要《公益事业捐赠票据》（财政电子票据，用于抵扣税款）的，请凭本收据向受赠组织申领。"
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a receipt; `is_large` for what a reader looks for first."""

    label: str
    text: str
    is_large: bool = False


def title_of(paper: PaperRecord) -> str:
    """Return what kind of paper it is, in its heading."""
    return "捐赠收据（作废）" if paper.kind == CANCELS else "捐赠收据"


def is_demo(paper: PaperRecord) -> bool:
    """Say whether no real money stands behind a paper."""
    return paper.head.is_demo or paper.channel == "sandbox"


def state_of(paper: PaperRecord) -> str:
    """Return in one sentence how a paper stands now; nothing for one that simply stands."""
    if paper.kind == CANCELS:
        return f"本收据作废编号 {paper.of} 的收据，单独不作凭证。"
    if paper.state == CANCELLED:
        rest = "" if paper.replaced_by is None else f"退款后的余额见 {paper.replaced_by}。"
        return f"本收据已作废，作废收据编号 {paper.cancelled_by}。{rest}"
    return ""


def lines_of(paper: PaperRecord, *, secret_key: str) -> list[Line]:
    """Return every line of a paper, in the order in which a receipt is read."""
    head = paper.head
    return [
        Line(label="捐赠人", text=paper.donor),
        Line(label="捐赠财产种类", text="货币（人民币）"),
        *_amounts(paper),
        Line(label="收款日期", text=paper.received_on.isoformat()),
        Line(label="支付方式", text=CHANNELS.get(paper.channel, paper.channel)),
        Line(label="捐赠项目（用途）", text="\n".join(_purpose(paper))),
        Line(label="受赠组织", text=f"{head.organisation_name}\n统一社会信用代码 {head.uscc}"),
        Line(label="公开募捐资格证书", text=head.certificate or "（没有登记）"),
        Line(label="募捐备案编号", text=head.filing_number or "（没有登记）"),
        Line(label="经办人", text=head.handler),
        Line(label="账本位置", text=str(paper.position)),
        *_history(paper),
        Line(label="校验码", text=check_code(paper.printed, secret_key=secret_key)),
    ]


def _amounts(paper: PaperRecord) -> Iterator[Line]:
    sign, fen = ("-" if paper.amount_fen < 0 else ""), abs(paper.amount_fen)
    yield Line(label="金额（小写）", text=f"{sign}¥{yuan(fen)}", is_large=True)
    yield Line(label="金额（大写）", text=f"人民币{capitals(paper.amount_fen)}", is_large=True)
    if paper.kind != CANCELS and paper.amount_fen != paper.given_fen:
        yield Line(label="原捐赠金额", text=f"¥{yuan(paper.given_fen)}")


def _purpose(paper: PaperRecord) -> Iterator[str]:
    yield f"{paper.head.project_title}（{paper.head.village}）"
    if paper.redirected_to is not None:
        yield f"款项到账时该项目已不能接收，已全部转入“{get_project(paper.redirected_to).title}”。"
    elif paper.is_redirected:
        yield "款项到账时该项目已不能接收，现由受赠组织单独保管，待重新确定用途后公示。"


def _history(paper: PaperRecord) -> Iterator[Line]:
    if paper.earlier is not None:
        yield Line(label="原编号", text=paper.earlier)
    if paper.kind == REST:
        yield Line(label="替代的收据", text=f"{paper.of}（{paper.caused_on} 退款 ¥{yuan(paper.caused_fen)} 后的余额）")
    if paper.kind == CANCELS:
        yield Line(label="作废的收据", text=f"{paper.of}")
        yield Line(label="退款", text=f"{paper.caused_on} 退回 ¥{yuan(paper.caused_fen)}")
    if paper.reason is not None:
        yield Line(label="原因", text=paper.reason)
    if paper.waived_at is not None:
        yield Line(label="收据的领取", text=f"捐赠人于 {local_day(paper.waived_at)} 表示放弃接受，本页为存根")
