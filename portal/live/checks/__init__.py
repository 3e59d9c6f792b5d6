"""“Why can't I connect?”: the way to one port of a machine, walked hop by hop, each within its own time (docs/adr/0121)."""
