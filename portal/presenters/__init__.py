"""Rows as pages and the API show them: computed from facts and one `now`, without writing."""
