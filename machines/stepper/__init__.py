"""What a worker does to the cloud: one table of steps, from a state towards what is wanted, and the steps."""
