"""Consoles of machines in the live process: the log's tail for whoever looks, and a serial line for one who types. (docs/adr/0123)"""
