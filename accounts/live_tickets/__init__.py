"""Tickets for addresses of the live process: each lets one request in, for one purpose, within a minute."""
