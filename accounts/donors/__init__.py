"""Donors: whoever offered a computer, one row for each e-mail address. They need no account: a signed link leads them to their page."""
