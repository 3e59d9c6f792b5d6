"""Subscriptions: a right to use the cluster for a number of days, which somebody earned by a computer or got by a code.

models: the rows. standing: the state of a row at a moment. ledger: entries, of which the days are the sum. transfer_codes: the text of codes.
"""
