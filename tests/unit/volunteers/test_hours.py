"""Hours follow from what was recorded: to the minute, whatever the order, however often it was sent."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.volunteers.hours import MINUTE, Event, Interval, Kind, State, services, stays, total_minutes

MORNING = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)  # Nine o'clock in the village.
LATER = MORNING + timedelta(days=30)


def came(minute: float, activity: str = "well") -> Event:
    return Event(activity=activity, kind=Kind.CHECK_IN, at=MORNING + timedelta(minutes=minute))


def left(minute: float, activity: str = "well") -> Event:
    return Event(activity=activity, kind=Kind.CHECK_OUT, at=MORNING + timedelta(minutes=minute))


def confirmed(minutes: int, activity: str = "well", at: float = 1000) -> Event:
    return Event(activity=activity, kind=Kind.CONFIRMATION, at=MORNING + timedelta(minutes=at), minutes=minutes)


def minutes_of(*events: Event) -> int:
    ends_at = {event.activity: MORNING + timedelta(hours=2) for event in events}
    return total_minutes(services(events, ends_at=ends_at, now=LATER))


@pytest.mark.parametrize(
    ("events", "minutes", "reason"),
    [
        ([came(0), left(90)], 90, "an hour and a half is an hour and a half"),
        ([came(0), left(30)], 30, "thirty minutes are not one and a half hours"),
        ([came(0), left(59.99)], 59, "a minute counts when it is full"),
        ([came(0)], 0, "a forgotten check-out counts nothing"),
        ([left(60)], 0, "nobody leaves who has not come"),
        ([came(60), left(30)], 0, "nobody leaves before coming"),
        ([came(0), confirmed(45)], 45, "a leader's word counts from the check-in on"),
        ([came(0), confirmed(0)], 0, "a leader may say that nobody served"),
        ([came(0), left(50), confirmed(90)], 50, "what was recorded first stands"),
        ([came(0), confirmed(90, at=10)], 10, "a word cannot be longer than the wall clock"),
        ([came(0), left(0)], 0, "coming and going in one instant"),
        ([came(0), left(26 * 60)], 23 * 60, "twelve hours of the first day, eleven of the next"),
        ([came(0), left(13 * 60)], 12 * 60, "twelve hours of one day"),
        ([came(14 * 60), left(16 * 60)], 120, "over midnight nothing is lost"),
        ([came(0), left(60), came(30, "road"), left(90, "road")], 90, "a moment is counted once"),
        ([came(0), left(440), came(440, "road"), left(880, "road")], 12 * 60, "two shifts share the day's twelve"),
    ],
)
def test_hours_follow_from_what_was_recorded(events: list[Event], minutes: int, reason: str) -> None:
    assert minutes_of(*events) == minutes, reason


TICK = timedelta(seconds=10)
instants = st.integers(min_value=0, max_value=3 * 24 * 360).map(lambda ticks: MORNING + ticks * TICK)
events_of_one = st.lists(
    st.builds(
        Event,
        activity=st.sampled_from(["well", "road", "school"]),
        kind=st.sampled_from(list(Kind)),
        at=instants,
        minutes=st.integers(min_value=0, max_value=720),
    ),
    max_size=12,
)


def plain_minutes(events: list[Event]) -> int:
    """Count on one's fingers, ten seconds by ten: who is there in them, and has the day twelve hours already?"""
    spans = []
    for activity in sorted({event.activity for event in events}):
        arrivals = [event.at for event in events if event.activity == activity and event.kind is Kind.CHECK_IN]
        if not arrivals:
            continue
        start = min(arrivals)
        ends = [event for event in events if event.activity == activity and event.kind is not Kind.CHECK_IN]
        ends = sorted(
            (event for event in ends if event.at >= start),
            key=lambda event: (event.at, event.kind is Kind.CONFIRMATION, event.minutes),
        )
        if ends:
            word = start + ends[0].minutes * MINUTE if ends[0].kind is Kind.CONFIRMATION else ends[0].at
            spans.append((start, activity, min(word, ends[0].at)))
    seen: set[int] = set()
    of_day: dict[int, int] = {}
    total = 0
    for start, _, end in sorted(spans):
        ticks = 0
        for tick in range((start - MORNING) // TICK, (end - MORNING) // TICK):
            day = (tick + 9 * 360) // (24 * 360)
            if tick not in seen and of_day.get(day, 0) < 12 * 360:
                of_day[day] = of_day.get(day, 0) + 1
                ticks += 1
            seen.add(tick)
        total += ticks // 6
    return total


@given(events_of_one, st.randoms(use_true_random=False))
def test_any_order_and_any_repeats_give_the_minutes_of_a_plain_count(events: list[Event], dice: random.Random) -> None:
    sent = events + [event for event in events if dice.random() < 0.5]
    dice.shuffle(sent)
    assert minutes_of(*sent) == plain_minutes(events)


@given(events_of_one)
def test_hours_are_never_more_than_the_wall_clock_nor_twelve_a_day(events: list[Event]) -> None:
    minutes = minutes_of(*events)
    moments = [event.at for event in events] or [MORNING]
    assert minutes * MINUTE <= max(moments) - min(moments)
    assert minutes <= 5 * 12 * 60


@pytest.mark.parametrize(
    ("hours_later", "state", "reason"),
    [
        (1, State.CHECKED_IN, "the work goes on"),
        (6, State.CHECKED_IN, "check-out is open for four hours after the end"),
        (7, State.AWAITING_CONFIRMATION, "now the leader has to say a word"),
    ],
)
def test_who_has_not_checked_out_waits_for_the_leader(hours_later: int, state: State, reason: str) -> None:
    ends_at = {"well": MORNING + timedelta(hours=2)}
    found = services([came(0)], ends_at=ends_at, now=MORNING + timedelta(hours=hours_later))
    assert (found["well"].state, found["well"].minutes) == (state, 0), reason


def test_a_leaders_word_stands_apart_from_a_recorded_check_out() -> None:
    ends_at = {"well": LATER, "road": LATER}
    found = services([came(0), left(5), came(10, "road"), confirmed(7, "road")], ends_at=ends_at, now=LATER)
    assert not found["well"].is_confirmed
    assert found["road"].is_confirmed
    assert found["road"].checked_out_at is None


def test_two_stays_that_touch_do_not_overlap() -> None:
    first, second = stays([came(10, "road"), left(20, "road"), came(0), left(10)])
    assert (first.activity, second.activity) == ("well", "road")
    assert not first.overlaps(second)
    assert Interval(activity="x", start=first.start, end=second.end).overlaps(second)


def test_a_stay_not_yet_closed_is_the_instant_of_its_check_in() -> None:
    (stay,) = stays([came(3)])
    assert stay.is_open
    assert stay.start == stay.end
