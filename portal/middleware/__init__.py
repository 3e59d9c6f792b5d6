"""The layers that every request passes before its view."""
