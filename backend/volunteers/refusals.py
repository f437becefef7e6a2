"""What the volunteers' room refuses, each by its name; `detail` is what the person on the phone reads."""

from __future__ import annotations

from dataclasses import dataclass

from backend.core.errors import InvalidInput, NotFound, Refusal


@dataclass(frozen=True, kw_only=True)
class WrongAttempt:
    """A wrong code, tried by a person at an activity; the edge remembers it after the rollback (law 13)."""

    activity_id: int
    person_id: int


class ActivityUnknown(NotFound):
    """No activity has this code; at the desk also said of another region's, so its words are the plain ones."""


class TeamUnknown(NotFound):
    """The village has no volunteer team yet."""

    code = "TEAM_UNKNOWN"
    detail = "本村还没有成立志愿服务队。"


class SeatsInvalid(InvalidInput):
    """An activity has at least one seat and at most a thousand."""

    code = "SEATS_INVALID"
    detail = "名额应是 1 到 1000 之间的整数。"


class TimesInvalid(InvalidInput):
    """An activity ends after it starts, within 24 hours, and not in the past."""

    code = "TIMES_INVALID"
    detail = "活动时间有误：结束要晚于开始，最长 24 小时，且不能已经结束。"


class ActivityOver(Refusal):
    """The activity has ended."""

    code = "ACTIVITY_OVER"
    detail = "活动已经结束。"


class ActivityNotOver(Refusal):
    """The activity has not ended yet: until then a volunteer checks out in person."""

    code = "ACTIVITY_NOT_OVER"
    detail = "活动还没有结束，请志愿者现场签退。"


class ActivityCancelled(Refusal):
    """The activity was called off."""

    code = "ACTIVITY_CANCELLED"
    detail = "活动已经取消。"


class ActivityHasBegun(Refusal):
    """Somebody has checked in already: those hours are facts, so the activity can no longer be called off."""

    code = "ACTIVITY_HAS_BEGUN"
    detail = "已经有人签到，活动不能取消。"


class ActivityFull(Refusal):
    """Every seat is taken."""

    code = "ACTIVITY_FULL"
    detail = "名额已满。"


class AlreadySignedUp(Refusal):
    """This volunteer has a seat already."""

    code = "ALREADY_SIGNED_UP"
    detail = "您已经报名了。"


class NotSignedUp(Refusal):
    """This volunteer has no seat in the activity."""

    code = "NOT_SIGNED_UP"
    detail = "您还没有报名这个活动，请先报名。"


class Overlap(Refusal):
    """Nobody serves in two places at once; `activity` is the code of the other one (bad input 37)."""

    code = "OVERLAP"
    detail = "时间与您参加的另一个活动重叠。"


class CheckInNotOpen(Refusal):
    """Check-in opens sixty minutes before the activity starts."""

    code = "CHECK_IN_NOT_OPEN"
    detail = "还没有到签到时间：活动开始前 60 分钟起可以签到。"


class CodeExpired(Refusal):
    """The code is not the one shown now or half a minute ago (bad input 36)."""

    code = "CODE_EXPIRED"
    detail = "签到码不对或已过期，请输入现场屏幕上的最新六位数字。"

    def __init__(self, attempt: WrongAttempt) -> None:
        """Keep who tried, for `checking.remember_wrong_code`; nobody is told."""
        super().__init__()
        self.attempt = attempt


class TooManyWrongCodes(Refusal):
    """Five wrong codes in ten minutes: this volunteer waits before the next try in this activity."""

    status = 429
    code = "TOO_MANY_WRONG_CODES"
    detail = "输错次数较多，请十分钟后再试，或请现场负责人帮忙。"


class AlreadyCheckedIn(Refusal):
    """This volunteer's check-in stands already."""

    code = "ALREADY_CHECKED_IN"
    detail = "您已经签到了。"


class AlreadyCheckedOut(Refusal):
    """The end of this service is recorded already."""

    code = "ALREADY_CHECKED_OUT"
    detail = "已经签退过了。"


class CheckOutBeforeCheckIn(Refusal):
    """Who has not checked in, or checks in later, cannot check out (bad input 37)."""

    code = "CHECK_OUT_BEFORE_CHECK_IN"
    detail = "您还没有签到，不能签退。"


class CheckOutClosed(Refusal):
    """Check-out closes four hours after the activity's end; then its leader's word is needed."""

    code = "CHECK_OUT_CLOSED"
    detail = "签退时间已过，请联系活动负责人补录时长。"


class NotCheckedIn(Refusal):
    """A leader confirms the end of a service; without a check-in there is none."""

    code = "NOT_CHECKED_IN"
    detail = "这位志愿者没有签到记录，不能补录。"


class MinutesInvalid(InvalidInput):
    """Confirmed minutes lie between 0 and the time from check-in to the planned end, at most twelve hours."""

    code = "MINUTES_INVALID"
    detail = "补录的分钟数超出了范围。"


class AgeBandInvalid(InvalidInput):
    """A minor is under fourteen, or from fourteen to seventeen; nobody's birthday is asked."""

    code = "AGE_BAND_INVALID"
    detail = "请选择年龄段：未满14周岁，或14至17周岁。"


class GuardianNeeded(InvalidInput):
    """Who is under eighteen serves with a guardian's consent (民法典 19, 145; PIPL 31)."""

    code = "GUARDIAN_NEEDED"
    detail = "未满18周岁的，要请监护人看过并同意，才能报名。"


class GuardianAgreesAnew(InvalidInput):
    """Another name or number of the guardian needs his own tick, as at the sign-up: what stood before ends with it."""

    code = "GUARDIAN_AGREES_ANEW"
    detail = "更正监护人的姓名或手机号，要请监护人看过，并重新同意一次。"


class GuardianIsOneself(InvalidInput):
    """Nobody is his own guardian."""

    code = "GUARDIAN_IS_ONESELF"
    detail = "监护人不能是报名的人自己，请填写父母或其他监护人的姓名。"
