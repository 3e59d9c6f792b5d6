"""Months of given computers: what a donor's computers did in one, and the mail that tells of it.

month_work: the counting. month_mails: the mail. models: which donor was told of which month. Bonus days: nodes.subscriptions.bonuses.
"""
