"""The local cloud: a small server process that runs guests on one computer, asynchronously and with its own database.

Owns: its DATA folder and the guests in it. Never: Django, Minga's tables, anything but loopback.
"""
