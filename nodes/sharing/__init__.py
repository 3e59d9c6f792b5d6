"""A picture with the numbers of one donor's computers, to be shown elsewhere."""
