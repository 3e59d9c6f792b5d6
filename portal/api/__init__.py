"""The API: the same actions as the pages, for programs. Errors are problem details (RFC 9457)."""
