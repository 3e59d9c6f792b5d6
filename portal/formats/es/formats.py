"""Dates in Spanish: 27 nov 2026, 18:40. A line never breaks within the day."""

DATE_FORMAT = SHORT_DATE_FORMAT = "j\u00a0b\u00a0Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "j\u00a0b\u00a0Y, H:i"
