"""Subscriptions that computers earn: promised, started, given more days or given away; each is a grant of room on the cluster.

plans: which plan fits a computer. promises: the loop that promises, starts and takes back. days: renew, correct, bonus. giving: codes.
bonuses: days for time in service.
reminders: mails before and after the end. grant_rows: the grant of a subscription, which follows its ledger.
"""
