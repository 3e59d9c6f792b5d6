"""What pages and the API show of rows: computed from facts and one `now`, without writing."""
