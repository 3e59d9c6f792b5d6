"""Settings of Django and allauth by which people sign in: portal/settings.py takes them all."""

from portal.settings_env import env

AUTH_USER_MODEL = "accounts.User"
# Local passwords first. The other one is always there: sessions begun with it outlive a change of settings_federated.
AUTHENTICATION_BACKENDS = ["portal.adapters.AuthenticationBackend", "portal.outside_backend.OutsideBackend"]
PASSWORD_HASHERS = ["accounts.passwords.Argon2", "accounts.passwords.Pbkdf2"]  # the first for new ones (docs/adr/0065)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_ADAPTER = "portal.adapters.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "accounts.password_links.PasswordLinks"
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True  # a password that was just chosen is not asked for; a second step is
PASSWORD_RESET_TIMEOUT = 7 * 24 * 3600  # seconds, of an invitation; other links end before: accounts/password_links.py
ACCOUNT_RATE_LIMITS = False  # ours count failures only, for pages and API together: accounts/limits.py
ACCOUNT_FORMS = {
    "change_password": "portal.forms.password_forms.ChangePasswordForm",
    "set_password": "portal.forms.password_forms.SetPasswordForm",
    "reset_password": "portal.forms.password_forms.ResetPasswordForm",
    "reset_password_from_key": "portal.forms.password_forms.ResetPasswordKeyForm",
    "reauthenticate": "portal.forms.second_step_forms.ConfirmPasswordForm",
}
SIGN_UP_DOMAINS: list[str] = env["SIGN_UP_DOMAINS"]
ADDRESS_CHANGES: bool = env["ADDRESS_CHANGES"]

# ---- the second step (docs/adr/0097) ----
SIGN_IN_KEYS: list[str] = env["SIGN_IN_KEYS"]  # seal its secrets; at last one derived from SECRET_KEY
MFA_REQUIRED_FOR: list[str] = env["MFA_REQUIRED_FOR"]
MFA_ADAPTER = "portal.mfa_adapter.SecondStepAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
# Steps of 30 seconds, for phones whose clock is a little off. A code is good once: forms.second_step_forms.
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODE_COUNT = 10
MFA_ALLOW_UNVERIFIED_EMAIL = True  # an address that is not proven counts for nothing here anyway: accounts/emails.py
MFA_RATE_LIMITS = False
MFA_FORMS = {
    name: f"portal.forms.second_step_forms.{form}"
    for name, form in {
        "authenticate": "AuthenticateForm",
        "authenticate_webauthn": "AuthenticatePasskeyForm",
        "login_webauthn": "LoginPasskeyForm",
        "reauthenticate": "ReauthenticateForm",
        "reauthenticate_webauthn": "ReauthenticatePasskeyForm",
        "activate_totp": "ActivateAppForm",
        "add_webauthn": "AddPasskeyForm",
        "edit_webauthn": "RenamePasskeyForm",
    }.items()
}
