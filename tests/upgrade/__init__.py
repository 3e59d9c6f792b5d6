"""An upgrade from the version before, with data in every table: the dump of that version, how it was made, and what must hold."""
