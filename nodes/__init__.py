"""Donated computers: who gave what, where each stands, and what happened to it. Which host of the cluster one became is not known yet.

states: the states of a computer, their legal moves, and the steps that lead from one to the next. donation_states: what follows for a whole
offer. computer_numbers, donation_numbers: the numbers on labels and in mails. specs: which computers help. fact_bounds: what may be written
down of one. actions: offer, step, undo, correct, confirm. donor_actions: what donors do without an account. mails: what the donor is told.

files: photos, in FILES_DIR. inventory: lists that are imported. wiping: wiped disks and their certificates. printing: labels, receipts and
certificates as PDF. subscriptions: what computers bring.
"""
