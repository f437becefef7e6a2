"""What stands on a receipt, line by line: one list for the page, the PDF and the picture (慈善法 38)."""

from __future__ import annotations

from collections.abc import Iterator

from backend.core.clock import local_day
from backend.donations.wording import yuan
from backend.projects.queries import get_project
from backend.receipts.codes import check_code
from backend.receipts.models import CANCELS, REST
from backend.receipts.queries import CANCELLED, PaperRecord
from backend.receipts.wording import capitals
from qr.sheet import Row, Sheet

CHANNELS = {"sandbox": "沙箱支付（演示，没有真实资金）", "wechat": "微信支付"}
DEMO = "演示数据：没有真实资金，本收据不作任何凭证"
LAW = (
    "依据《中华人民共和国慈善法》第三十八条，由受赠组织通过幸福家园平台依账本开具。这是平台收据，不是财政电子票据；"
    "需要《公益事业捐赠票据》（财政电子票据，用于抵扣税款）的，请凭本收据向受赠组织申领。"
)
REASON = "原因"
THANKS = "感谢您的善意；每一笔支出都在项目页公示。"


def title_of(paper: PaperRecord) -> str:
    """Return what kind of paper it is, in its heading."""
    return "捐赠收据（作废）" if paper.kind == CANCELS else "捐赠收据"


def demo_of(paper: PaperRecord) -> str:
    """Return the warning on a paper behind which no real money stands; nothing on any other."""
    return DEMO if paper.head.is_demo or paper.channel == "sandbox" else ""


def state_of(paper: PaperRecord) -> str:
    """Return in one sentence how a paper stands now; nothing for one that simply stands."""
    if paper.kind == CANCELS:
        return f"本收据作废编号 {paper.of} 的收据，单独不作凭证。"
    if paper.state == CANCELLED:
        rest = "" if paper.replaced_by is None else f"退款后的余额见 {paper.replaced_by}。"
        return f"本收据已作废，作废收据编号 {paper.cancelled_by}。{rest}"
    return ""


def rows_of(paper: PaperRecord, *, secret_key: str) -> list[Row]:
    """Return every line of a paper, in the order in which a receipt is read."""
    head = paper.head
    return [
        Row(label="捐赠人", text=paper.donor),
        Row(label="捐赠财产种类", text="货币（人民币）"),
        *_amounts(paper),
        Row(label="收款日期", text=paper.received_on.isoformat()),
        Row(label="支付方式", text=CHANNELS.get(paper.channel, paper.channel)),
        Row(label="捐赠项目（用途）", text="\n".join(_purpose(paper))),
        Row(label="受赠组织", text=f"{head.organisation_name}\n统一社会信用代码 {head.uscc}"),
        Row(label="公开募捐资格证书", text=head.certificate or "（没有登记）"),
        Row(label="募捐备案编号", text=head.filing_number or "（没有登记）"),
        Row(label="经办人", text=head.handler),
        Row(label="账本位置", text=str(paper.position)),
        *_history(paper),
        Row(label="校验码", text=check_code(paper.printed, secret_key=secret_key)),
    ]


def standing_of(paper: PaperRecord) -> str:
    """Return in one sentence whether a paper counts, for who verifies it."""
    return state_of(paper) or "编号和校验码相符，这张收据有效。"


def public_rows_of(paper: PaperRecord) -> list[Row]:
    """Return what anybody may see who holds the number and the code of a paper: no name beyond its first letter."""
    head = paper.head
    return [
        Row(label="编号", text=paper.printed),
        Row(label="种类", text=title_of(paper)),
        Row(label="开具日期", text=local_day(paper.issued_at).isoformat()),
        Row(label="捐赠人", text=paper.masked_donor),
        *_amounts(paper),
        Row(label="收款日期", text=paper.received_on.isoformat()),
        Row(label="捐赠项目（用途）", text=f"{head.project_title}（{head.village}）"),
        Row(label="受赠组织", text=f"{head.organisation_name}\n统一社会信用代码 {head.uscc}"),
        *(row for row in _history(paper) if row.label != REASON),
    ]


def sheet_of(paper: PaperRecord, *, secret_key: str, code: str) -> Sheet:
    """Return a paper as it is printed; `code` is what its QR code says."""
    return Sheet(
        title=title_of(paper),
        author=paper.head.organisation_name,
        facts=(f"编号：{paper.printed}", f"开具日期：{local_day(paper.issued_at)}"),
        rows=tuple(rows_of(paper, secret_key=secret_key)),
        notes=(LAW, THANKS),
        demo=demo_of(paper),
        state=state_of(paper),
        code=code,
        code_hint="扫码核验真伪",
    )


def _amounts(paper: PaperRecord) -> Iterator[Row]:
    sign, fen = ("-" if paper.amount_fen < 0 else ""), abs(paper.amount_fen)
    yield Row(label="金额（小写）", text=f"{sign}¥{yuan(fen)}", is_large=True)
    yield Row(label="金额（大写）", text=f"人民币{capitals(paper.amount_fen)}", is_large=True)
    if paper.kind != CANCELS and paper.amount_fen != paper.given_fen:
        yield Row(label="原捐赠金额", text=f"¥{yuan(paper.given_fen)}")


def _purpose(paper: PaperRecord) -> Iterator[str]:
    yield f"{paper.head.project_title}（{paper.head.village}）"
    if paper.redirected_to is not None:
        yield f"款项到账时该项目已不能接收，已全部转入“{get_project(paper.redirected_to).title}”。"
    elif paper.is_redirected:
        yield "款项到账时该项目已不能接收，现由受赠组织单独保管，待重新确定用途后公示。"


def _history(paper: PaperRecord) -> Iterator[Row]:
    if paper.earlier is not None:
        yield Row(label="原编号", text=paper.earlier)
    if paper.kind == REST:
        yield Row(label="替代的收据", text=f"{paper.of}（{paper.caused_on} 退款 ¥{yuan(paper.caused_fen)} 后的余额）")
    if paper.kind == CANCELS:
        yield Row(label="作废的收据", text=f"{paper.of}")
        yield Row(label="退款", text=f"{paper.caused_on} 退回 ¥{yuan(paper.caused_fen)}")
    if paper.reason is not None:
        yield Row(label=REASON, text=paper.reason)
    if paper.waived_at is not None:
        yield Row(label="收据的领取", text=f"捐赠人于 {local_day(paper.waived_at)} 表示放弃接受，本页为存根")
