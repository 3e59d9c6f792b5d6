"""Donated computers: who gave what, where each stands, and what happened to it.

states: the states of a computer, their legal moves, and the steps that lead from one to the next. computer_numbers: the number on the label.
specs: which computers help. actions: offer, step, undo, confirm. mails: what the donor is told.
"""
