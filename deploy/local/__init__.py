"""Starts and keeps all of Minga on one computer. Imports nothing of the application: it only runs its commands."""
