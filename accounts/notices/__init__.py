"""The outbox: messages to people, one row for each message, person and channel, written with the action that they are about.

kinds: which messages there are; the app that sends one registers it when it starts.
outbox: send, cancel, claim, and what came of a row. mail: the loop that sends mails. unsubscribe: the link in a mail that ends its kind.
"""
