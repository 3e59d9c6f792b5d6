"""Tools that two apps share and that know no domain: notes, state moves, claims, names, logs, settings. Never knows a machine or a person."""
