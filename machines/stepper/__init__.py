"""The worker's side: a grid of steps from each state towards what is wanted, and the steps, which call the cloud."""
