"""The local cloud: a small server process that runs guests on one machine, asynchronously and with a memory of its own.

Owns: its DATA folder and the guests in it. Never: Django, Minga's tables, anything but loopback.
"""
