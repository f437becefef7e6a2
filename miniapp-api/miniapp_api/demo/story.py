"""What happens in the demo story, as data: days are counted back from the day on which the story ends."""

from __future__ import annotations

from dataclasses import dataclass, field

MARK = "（演示）"


@dataclass(frozen=True, kw_only=True)
class Spent:
    """One spending line: how many days before the end, what for, how much in fen."""

    days_ago: int
    title: str
    amount_fen: int
    corrected_fen: int = 0
    correction: str = ""


@dataclass(frozen=True, kw_only=True)
class Told:
    """One project of the story. `gifts` are as many small ones as named, beside the large ones in fen."""

    title: str
    kind: str
    target_fen: int | None
    started_days_ago: int
    ends_in_days: int | None
    summary: str
    story: str
    plan: tuple[tuple[str, int], ...]
    small_gifts: int
    large_gifts: tuple[int, ...] = ()
    paid_out_fen: int = 0
    spent: tuple[Spent, ...] = ()
    progress: tuple[tuple[int, str], ...] = ()
    is_closed: bool = False


@dataclass(frozen=True, kw_only=True)
class Place:
    """One village of the story: its code in the official register, its fund and its projects."""

    code: str
    short_name: str
    profile: str
    fund_gifts: int
    projects: tuple[Told, ...]
    volunteers: tuple[str, ...] = field(default=())


LAMPS = Told(
    title="众心路太阳能路灯40盏",
    kind="public_works",
    target_fen=98_000_00,
    started_days_ago=170,
    ends_in_days=-60,
    summary="给村部到卫生室的2.3公里村路装上40盏太阳能路灯。",
    story="从村部到卫生室的路没有灯，老人晚上看病、孩子冬天放学都要摸黑。村民大会商定装40盏太阳能路灯，每盏含立杆和三年维护。",
    plan=(("路灯40盏", 80_000_00), ("立杆水泥砂石", 12_000_00), ("三年维护", 6_000_00)),
    small_gifts=46,
    large_gifts=(30_000_00, 20_000_00, 20_000_00, 15_000_00, 10_000_00, 3_000_00),
    paid_out_fen=98_000_00,
    spent=(
        Spent(days_ago=95, title="第一批8盏路灯购置", amount_fen=16_000_00),
        Spent(
            days_ago=88,
            title="立杆水泥、砂石",
            amount_fen=11_800_00,
            corrected_fen=180_00,
            correction="砂石多记一车，供货方退回货款",
        ),
        Spent(days_ago=74, title="第二批32盏路灯购置", amount_fen=64_000_00),
        Spent(days_ago=66, title="路灯三年维护合同首付", amount_fen=3_000_00),
    ),
    progress=(
        (93, "第一批8盏路灯到村，村民代表清点验收。"),
        (72, "40盏路灯全部亮灯，晚上走路看得见了。"),
    ),
    is_closed=True,
)
MEALS = Told(
    title="众心村老年助餐点",
    kind="elder_support",
    target_fen=268_000_00,
    started_days_ago=150,
    ends_in_days=45,
    summary="为村里80岁以上和独居的老人每天中午送一顿热饭。",
    story="全村独居老人37位，冬天一个人常常凑合一顿。村里把旧小学两间教室改成助餐点，请村里的厨师，志愿者轮流送饭。",
    plan=(("厨房改造", 68_000_00), ("餐具与保温箱", 20_000_00), ("一年食材补贴", 180_000_00)),
    small_gifts=64,
    large_gifts=(80_000_00, 50_000_00, 50_000_00, 30_000_00, 20_000_00, 20_000_00),
    paid_out_fen=120_000_00,
    spent=(
        Spent(days_ago=80, title="厨房改造工程款", amount_fen=61_500_00),
        Spent(days_ago=62, title="保温餐箱40只与餐具", amount_fen=18_260_00),
        Spent(days_ago=20, title="十月食材", amount_fen=13_905_50),
    ),
    progress=((60, "助餐点开灶，第一天31位老人吃上热饭。"), (18, "天冷了，送饭改用双层保温箱。")),
)
ROOM = Told(
    title="留守儿童活动室",
    kind="orphans_disabled",
    target_fen=120_000_00,
    started_days_ago=140,
    ends_in_days=20,
    summary="给放学后没人接的孩子一间看书、写作业的屋子。",
    story="村里有留守儿童26名，放学后在路边等家里老人。活动室设在关爱中心，配书桌、图书和取暖，由大学生志愿者辅导。",
    plan=(("桌椅书架", 36_000_00), ("图书2000册", 40_000_00), ("取暖与照明", 44_000_00)),
    small_gifts=52,
    large_gifts=(50_000_00, 30_000_00, 20_000_00, 10_000_00),
    paid_out_fen=60_000_00,
    spent=(
        Spent(days_ago=50, title="书桌椅26套、书架6组", amount_fen=33_800_00),
        Spent(days_ago=31, title="少儿图书980册", amount_fen=19_600_00),
    ),
    progress=((29, "图书上架，孩子们自己编了目录。"),),
)
CANAL = Told(
    title="三组灌溉渠清淤护坡",
    kind="public_works",
    target_fen=300_000_00,
    started_days_ago=120,
    ends_in_days=80,
    summary="疏通1.8公里淤堵的灌溉渠，保住三组四百亩稻田的水。",
    story="渠道二十年没有清过，夏天上游放水下游够不着。村民筹工、乡亲筹款，清淤后用石块护坡。",
    plan=(("机械清淤", 110_000_00), ("石块护坡", 150_000_00), ("闸口维修", 40_000_00)),
    small_gifts=40,
    large_gifts=(100_000_00, 80_000_00, 50_000_00, 30_000_00, 20_000_00, 20_000_00),
    paid_out_fen=150_000_00,
    spent=(Spent(days_ago=40, title="机械清淤一期", amount_fen=72_000_00),),
    progress=((38, "一期清淤900米完工，抽水试渠到了地头。"),),
)
HELPERS = Told(
    title="银发互助志愿服务",
    kind="public_service",
    target_fen=96_000_00,
    started_days_ago=100,
    ends_in_days=120,
    summary="年轻些的老人照看年老的老人：探访、理发、量血压。",
    story="村里60多岁的身子硬朗，愿意照看80多岁的。项目给志愿服务队配血压计、理发工具、雨衣和意外险。",
    plan=(("装备", 46_000_00), ("志愿者意外险", 20_000_00), ("培训", 30_000_00)),
    small_gifts=36,
    large_gifts=(40_000_00, 30_000_00, 20_000_00),
    paid_out_fen=40_000_00,
    spent=(Spent(days_ago=33, title="血压计12台、理发工具10套", amount_fen=9_860_00),),
    progress=((30, "第一次集中理发日，服务老人43位。"),),
)
ZHONGXIN = Place(
    code="320904104209",
    short_name="众心村",
    profile="众心村在盐城市大丰区西团镇，稻麦两季，外出务工的乡亲占四成。",
    fund_gifts=30,
    projects=(LAMPS, MEALS, ROOM, CANAL, HELPERS),
    volunteers=("王秀兰", "陈德旺", "李小梅", "周大勇"),
)


def _one(title: str, kind: str, target: int, summary: str, line: str, spent: str) -> Told:
    """Return a small project of a village that has just begun: one plan line, one spending line."""
    return Told(
        title=title,
        kind=kind,
        target_fen=target,
        started_days_ago=75,
        ends_in_days=60,
        summary=summary,
        story=summary + "由村民代表会议讨论通过，村社监督委员会全程监督。",
        plan=((line, target),),
        small_gifts=22,
        large_gifts=(target // 10, target // 10),
        paid_out_fen=target // 8,
        spent=(Spent(days_ago=25, title=spent, amount_fen=target // 10),),
        progress=((23, f"{spent}已到村，村民代表清点签收。"),),
    )


def _village(code: str, short_name: str, profile: str, project: Told, *, fund_gifts: int, volunteer: str) -> Place:
    return Place(
        code=code,
        short_name=short_name,
        profile=profile,
        fund_gifts=fund_gifts,
        projects=(project,),
        volunteers=(volunteer,),
    )


WANLIANG = _village(
    "220621105206",
    "万良村",
    "万良村在白山市抚松县万良镇，以人参种植为业。",
    _one(
        "村卫生室取暖改造",
        "public_works",
        48_000_00,
        "给村卫生室换上电取暖，老人输液不再受冻。",
        "电取暖设备与安装",
        "电暖气16组",
    ),
    fund_gifts=8,
    volunteer="孙国强",
)
XIHU = _village(
    "150525100203",
    "西湖村",
    "西湖村在通辽市奈曼旗大沁他拉镇，半农半牧。",
    _one(
        "饮水井与水塔维修",
        "public_works",
        60_000_00,
        "修好村东的机井和水塔，让六十户牧民吃上净水。",
        "水泵管道与水塔防腐",
        "潜水泵与管道",
    ),
    fund_gifts=6,
    volunteer="包乌云",
)
SHUFU = _village(
    "653121103201",
    "拜什巴格村",
    "拜什巴格村在喀什地区疏附县乌帕尔镇，种棉花和石榴。",
    _one(
        "双语阅读角",
        "orphans_disabled",
        30_000_00,
        "在村关爱中心设一个双语阅读角，放学后的孩子有书看。",
        "图书与书架",
        "双语图书600册",
    ),
    fund_gifts=5,
    volunteer="阿依古丽",
)
HEQING = _village(
    "532932105203",
    "母屯村",
    "母屯村在大理州鹤庆县草海镇，挨着草海湿地。",
    _one(
        "老年活动中心翻修",
        "elder_support",
        80_000_00,
        "翻修漏雨的老年活动中心，白族老人有处打歌下棋。",
        "屋面与门窗",
        "屋面瓦与防水",
    ),
    fund_gifts=7,
    volunteer="杨四妹",
)
PLACES = (ZHONGXIN, WANLIANG, XIHU, SHUFU, HEQING)

GIVERS = (
    "王家大嫂",
    "在外打工的小周",
    "陈德旺",
    "李老师",
    "退伍老兵",
    "众心理发店",
    "刘婶",
    "村西老张",
    "赵会计",
    "小卖部",
)
MESSAGES = ("家乡越来越好", "一点心意", "爸妈就在村里，谢谢你们", "晚上走路亮堂了", "老人有热饭吃，放心", "支持家乡")
SMALL_FEN = (10_00, 10_00, 20_00, 20_00, 50_00, 50_00, 66_66, 88_00, 100_00, 100_00, 200_00)
