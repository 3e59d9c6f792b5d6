"""The cloud's answers, turned into rows: lists of servers, drift, strays, what is left after a restore."""
