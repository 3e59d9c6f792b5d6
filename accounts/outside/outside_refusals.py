"""Sentences for whoever is not let in by an outside account. Each is counted for /metrics under its code."""

from django.utils.translation import gettext_noop as _

from lib.notes import Refusal


class OutsideRefusal(Refusal):
    """The outside account lets nobody in, for a reason of its own. `is_guess`: counted as a wrong password."""

    status = 401
    sentence = ""
    is_guess = False

    def __init__(self, **args: str) -> None:
        super().__init__(self.sentence, args)


class SecondFactor(OutsideRefusal):
    code = "second_factor"
    sentence = _(
        "The password is right, but this account asks for a second step, which works only at its own site. "
        "Ask an administrator for an account here."
    )


class PasswordExpired(OutsideRefusal):
    code = "password_expired"
    sentence = _(
        "The password of this account has expired. Change it at your university or in Horizon, then sign in here."
    )


class AccountLocked(OutsideRefusal):
    code = "account_locked"
    sentence = _(
        "This account is locked at your university or in the cloud, perhaps after too many wrong passwords. "
        "Wait a while, or ask those who run it."
    )
    is_guess = True  # Keystone tells it before it looks at the password


class NameTaken(OutsideRefusal):
    """The name is another person's here, and having it elsewhere makes nobody that person: an administrator says who is who."""

    code = "name_taken"
    sentence = _(
        "Somebody here is called %(name)s already. If that is you, ask an administrator to link the two accounts."
    )


class NoName(OutsideRefusal):
    code = "no_name"
    sentence = _("The name %(name)s cannot be used here. Ask an administrator to make an account and link it.")


class NoCredential(OutsideRefusal):
    code = "no_credential"
    sentence = _("The cloud does not make one: %(said)s")


class NoAnswer(OutsideRefusal):
    """The server that should know hangs or is away. Whoever has a password here still comes in."""

    status = 503
    code = "no_answer"
    sentence = _(
        "The server that keeps this account does not answer. Nothing is wrong with your password: try again in a few minutes."
    )


class HorizonOnly(OutsideRefusal):
    """A cloud user that the portal made (accounts.cloud_users), and with which nobody may sign in here."""

    code = "horizon_only"
    sentence = _(
        "This name is for Horizon only. Sign in here with your name and password for this site; if the Horizon account is new, "
        "it may work here too in a minute."
    )


class NotUnderstood(OutsideRefusal):
    """The provider refused, or said what cannot be used; the log has more."""

    code = "not_understood"
    sentence = _(
        "Signing in there did not work. Try once more from the start; if it happens again, tell an administrator."
    )


CODES = (
    "second_factor",
    "password_expired",
    "account_locked",
    "name_taken",
    "no_name",
    "no_answer",
    "not_understood",
    "horizon_only",
)
