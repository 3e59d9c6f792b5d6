"""A picture with the numbers of one donor's computers, for whoever wants to show it elsewhere."""
