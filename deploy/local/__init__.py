"""Start all of Minga on one computer and keep it running. Imports nothing of the application: it runs the application's commands."""
