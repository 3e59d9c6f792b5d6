"""Courses, lessons, and the templates that teachers prepare. Never starts a machine by itself."""
