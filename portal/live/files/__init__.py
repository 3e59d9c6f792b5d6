"""Files of machines over HTTP: /live/files/<machine>, for pages and programs. See docs/api.md.

Owns: who comes in, whose turn it is, how bodies stream. What is asked of the guest stands in machines.guest_files.
"""
