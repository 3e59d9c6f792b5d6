"""People whose password is somebody else's to check: a cloud, a directory, an identity provider (docs/adr/0095).

Owns: which account there is which person here, what roles it gives, the waiting. Never: passwords kept, pages.
"""
