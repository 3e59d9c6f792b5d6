"""Announcements: what administrators tell everybody on every page, and pauses of launches. Owns Announcement and its dismissals."""
