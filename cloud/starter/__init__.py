"""Starter images: guests with the real cloud-init that Minga builds from Debian's own packages.

Owns what is in them and how they are built and kept. Never uploads one, starts one, or knows the portal.
"""
