"""The number of a certificate, as it stands on paper: WPC-00012-3. Its last digit is a check digit, as in the number of a computer."""

from django.utils.translation import gettext_noop as _

from nodes.computer_numbers import Numbers

CERTIFICATES = Numbers("WPC", _("A number looks like this: WPC-00012-3."))
written, read = CERTIFICATES.written, CERTIFICATES.read
