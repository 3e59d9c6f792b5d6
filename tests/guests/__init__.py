"""Booted guests and a booted VPS with Debian 13's sshd: what strangers do there shuts out neither owner nor agent."""
