"""Nodes: the computers of the cluster as its cloud tells of them, which given computer each is, and for how long it served."""
