"""Times of day in every kind of zone, also in the nights in which the clocks are put forward and back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation
from django.utils.formats import date_format

from machines.idle import times

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
# (zone, forward, back): UTC times of the jumps. At night, at midnight, by half an hour, south and north, and never.
JUMPS = [
    ("Europe/Madrid", "2026-03-29T01:00", "2026-10-25T01:00"), ("America/New_York", "2026-03-08T07:00", "2026-11-01T06:00"),
    ("America/Santiago", "2026-09-06T04:00", "2026-04-05T03:00"), ("America/Asuncion", "2023-10-01T04:00", "2024-03-24T03:00"),
    ("America/Havana", "2026-03-08T05:00", "2026-11-01T05:00"), ("Atlantic/Azores", "2026-03-29T01:00", "2026-10-25T01:00"),
    ("Australia/Lord_Howe", "2026-10-03T15:30", "2026-04-04T15:00"), ("Africa/Cairo", "2026-04-23T22:00", "2026-10-29T21:00"),
    ("Asia/Beirut", "2026-03-28T22:00", "2026-10-24T21:00"), ("Pacific/Apia", "2011-12-30T10:00", "2012-03-31T14:00"),
    ("America/Lima", "2026-03-29T05:00", "2026-10-25T05:00"), ("UTC", "2026-03-29T01:00", "2026-10-25T01:00"),
    ("Asia/Kathmandu", "2026-03-29T01:00", "2026-10-25T01:00"),
]  # fmt: skip


@pytest.fixture
def here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ZoneInfo:
    """Use the zone of the site."""
    zone = ZoneInfo(getattr(request, "param", "Europe/Madrid"))
    monkeypatch.setattr(timezone, "get_default_timezone", lambda: zone)
    monkeypatch.setattr(timezone, "get_default_timezone_name", lambda: zone.key)
    return zone


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def cases(zone: str, jump: str) -> Iterator[tuple[datetime, str]]:
    """(now, what is typed) around a jump, the same in every run."""
    chance = Random(f"{zone} {jump}")
    for _case in range(25):
        now = utc(jump) + MINUTE * chance.randint(-26 * 60, 4 * 60) + timedelta(seconds=chance.randint(0, 59))
        local = (utc(jump) + MINUTE * chance.randint(-90, 90)).astimezone(ZoneInfo(zone))
        yield now, f"{chance.choice((local.hour, chance.randint(0, 23)))}:{chance.choice((local.minute, 0, 30)):02}"


def next_shown(zone: ZoneInfo, now: datetime, text: str) -> datetime:
    """Search minute by minute for the first time after `now` at which clocks show it, or have jumped over it."""
    hour, minute = map(int, text.split(":"))
    at = now.replace(second=0, microsecond=0)
    before = at.astimezone(zone).replace(tzinfo=None)
    while True:
        at += MINUTE
        shown = at.astimezone(zone).replace(tzinfo=None)
        # Most minutes follow the one before and show another time.
        if (shown.hour, shown.minute) == (hour, minute):
            return at
        if shown - before > MINUTE:
            day = before.replace(hour=hour, minute=minute)
            if any(
                before < one < shown for one in (day, day + timedelta(days=1), shown.replace(hour=hour, minute=minute))
            ):
                return at
        before = shown


@pytest.mark.parametrize(("here", "zone", "jump"), [(z, z, j) for z, *both in JUMPS for j in both], indirect=["here"])
def test_what_is_typed_is_the_next_time_that_clocks_show_it(here: ZoneInfo, zone: str, jump: str) -> None:
    for now, text in cases(zone, jump):
        assert times.next_at(text, now) == next_shown(here, now, text), (now, text)


@pytest.mark.parametrize(("here", "zone", "jump"), [(z, z, j) for z, *both in JUMPS for j in both], indirect=["here"])
def test_no_two_moments_of_a_day_read_the_same(here: ZoneInfo, zone: str, jump: str) -> None:
    moments = [utc(jump) + MINUTE * n for n in range(-150, 150)]
    assert len({times.with_day(at) for at in moments}) == len(moments)
    assert len({times.written(at, "DATETIME_FORMAT") for at in moments}) == len(moments)


@pytest.mark.parametrize(("here", "zone", "jump"), [(z, z, j) for z, *both in JUMPS for j in both], indirect=["here"])
def test_no_time_is_told_that_clocks_do_not_show(here: ZoneInfo, zone: str, jump: str) -> None:
    for now, text in cases(zone, jump):
        at = times.next_at(text, now)
        assert at is not None
        shown = times.clock(at).split()[0]
        assert shown == f"{at.astimezone(UTC).astimezone(here):%H:%M}"
        assert now < at <= now + 49 * HOUR


@pytest.mark.parametrize(
    ("now", "text", "minutes"),
    [
        ("2026-10-25T00:10", "02:30", 20),  # 02:10, summer
        ("2026-10-25T00:45", "02:30", 45),  # 02:45, summer: the clocks show 02:30 once more
        ("2026-10-25T01:10", "02:30", 20),  # 02:10, winter
        ("2026-10-25T01:45", "02:30", 24 * 60 - 15),  # 02:45, winter: tomorrow
        ("2026-03-29T00:50", "02:30", 10),  # 01:50: the clocks go from 02:00 to 03:00
        ("2026-03-29T01:10", "02:30", 23 * 60 + 20),  # 03:10: tomorrow
    ],
)
def test_the_two_nights_in_madrid(here: ZoneInfo, now: str, text: str, minutes: int) -> None:
    assert times.next_at(text, utc(now)) == utc(now) + MINUTE * minutes


def test_the_hour_that_comes_twice_says_which(here: ZoneInfo) -> None:
    read = [times.clock(utc(f"2026-10-25T0{hour}:30")) for hour in range(3)]
    assert read == ["02:30 UTC+2", "02:30 UTC+1", "03:30"]


@pytest.mark.parametrize("here", ["America/St_Johns"], indirect=True)
def test_half_hours_from_utc_are_written_out(here: ZoneInfo) -> None:
    assert times.clock(utc("2026-11-01T04:00")) == "01:30 UTC-2:30"


def test_a_time_that_came_in_the_sites_zone_is_no_other(here: ZoneInfo) -> None:
    """Sums within one zone may lead to what no clock shows."""
    at = datetime(2026, 3, 29, 2, 30, tzinfo=here)
    assert times.clock(at) == "03:30"


def test_a_day_of_25_hours_is_still_today(here: ZoneInfo) -> None:
    now, at = utc("2026-10-25T22:30"), utc("2026-10-24T22:40")  # 23:30 and 00:40 of the same day
    assert times.moment(at, now) == "00:40"


@pytest.mark.parametrize(("language", "of_now", "of_then"), [
    ("en", "25\u00a0Oct\u00a02026, 23:30", "00:40 on 24\u00a0Oct\u00a02026"), ("es", "25\u00a0oct\u00a02026, 23:30", "00:40 del 24\u00a0oct\u00a02026"),
])  # fmt: skip
def test_each_language_writes_days_in_one_way(here: ZoneInfo, language: str, of_now: str, of_then: str) -> None:
    now, then = utc("2026-10-25T22:30"), utc("2026-10-23T22:40")
    with translation.override(language):
        written = {date_format(now.astimezone(here), f"{length}DATETIME_FORMAT") for length in ("", "SHORT_")}
        assert {times.with_day(now), times.written(now, "DATETIME_FORMAT"), *written} == {of_now}
        assert times.moment(then, now) == of_then


@pytest.mark.parametrize("text", ["", "24:00", "12:60", "noon", "1230", "-1:30"])
def test_what_is_no_time_of_day_is_none(text: str) -> None:
    assert times.next_at(text, utc("2026-01-01T00:00")) is None


@pytest.mark.parametrize("text", ["9:05", "09:05", " 09.05 ", "9h05"])
def test_times_are_typed_in_several_ways(here: ZoneInfo, text: str) -> None:
    assert times.next_at(text, utc("2026-01-01T00:00")) == utc("2026-01-01T08:05")
