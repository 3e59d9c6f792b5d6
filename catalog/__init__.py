"""The catalog: which images and sizes of the cloud are offered, and their names for people. Never starts anything."""
