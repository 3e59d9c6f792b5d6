"""Every address of the site."""

from allauth.account import views as allauth
from django.urls import include, path, re_path

from portal.views import (
    account,
    bin_and_disk,
    catalog,
    device,
    failures,
    idle_questions,
    keys,
    keys_in_machines,
    launch,
    machines,
    moved,
    notices,
    servers,
    templates,
)

handler400 = "portal.views.errors.bad_request"
handler403 = "portal.views.errors.forbidden"
handler500 = "portal.views.errors.broken"
handler404 = "portal.views.errors.not_found"

_machine = [
    path("", machines.machine, name="machine"),
    path("live/", machines.live, name="machine-live"),
    path("card/", machines.card, name="machine-card"),
    *[path(f"{verb}/", machines.act, {"verb": verb}, name=f"machine-{verb}") for verb in machines.VERBS],
    *[path(f"{verb}/", machines.confirmed, {"verb": verb}, name=f"machine-{verb}") for verb in machines.CONFIRMED],
    path("bin/", bin_and_disk.bin, name="machine-bin"),
    path("copy/", bin_and_disk.copy, name="machine-copy"),
    path("work/", bin_and_disk.work, name="machine-work"),
    path("disk/", bin_and_disk.disk, name="machine-disk"),
    path("rename/", machines.rename, name="machine-rename"),
    path("ports/", machines.open_port, name="machine-ports"),
    path("ports/<uuid:tunnel>/close/", machines.close_port, name="machine-port-close"),
    path("give/", idle_questions.give, name="machine-give"),
    path("keys/put/", keys_in_machines.put, name="machine-key-put"),
    path("keys/take/", keys_in_machines.take, name="machine-key-take"),
    path("keys/portal/remove/", keys_in_machines.remove_portal_key, name="machine-portal-key-remove"),
]
# For teachers and administrators.
_manage = [
    path("catalog/", catalog.catalog, name="catalog"),
    path("catalog/look/", catalog.look_again, name="catalog-look"),
    path("catalog/images/<int:pk>/", catalog.image, name="image"),
    path("catalog/flavors/<int:pk>/", catalog.flavor, name="flavor"),
    path("servers/", servers.servers, name="servers"),
    path("servers/<slug:server_id>/", servers.adopt, name="server-adopt"),
    path("failures/", failures.failures, name="failures"),
    path("failures/<int:pk>/again/", failures.again, name="failure-again"),
    path("notices/", notices.notices, name="notices"),
    path("notices/<int:pk>/again/", notices.again, name="notice-again"),
    path("questions/", idle_questions.questions, name="asks"),
]
# Addresses of 0.3, until 0.5.
_moved = [
    re_path(r"^(?P<old>templates|catalog|servers|failures|notices)/(?P<rest>.*)$", moved.moved, name="moved"),
    path("asks/", moved.moved, {"old": "asks", "rest": ""}, name="moved-questions"),
]
# Of allauth only what has a page of ours: what else it offers nobody has thought about here (docs/adr/0066).
_accounts = [
    path("login/", allauth.login, name="account_login"),
    path("logout/", allauth.logout, name="account_logout"),
    path("inactive/", allauth.account_inactive, name="account_inactive"),
    path("signup/", allauth.signup, name="account_signup"),
    path("password/change/", allauth.password_change, name="account_change_password"),
    path("password/set/", allauth.password_set, name="account_set_password"),
    path("password/reset/", allauth.password_reset, name="account_reset_password"),
    path("password/reset/done/", allauth.password_reset_done, name="account_reset_password_done"),
    path("password/reset/key/done/", allauth.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        allauth.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
]
urlpatterns = [
    path("", machines.machines, name="machines"),
    path("launch/", launch.launch, name="launch"),
    path("machines/<uuid:pk>/", include(_machine)),
    path("keys/", keys.keys, name="keys"),
    path("keys/make/", keys.make, name="key-make"),
    path("keys/<int:pk>/remove/", keys.remove, name="key-remove"),
    path("keys/<int:pk>/install/", keys_in_machines.install, name="key-install"),
    path("account/", account.account, name="account"),
    path("account/tokens/", account.make_token, name="token-make"),
    path("account/tokens/<slug:key>/revoke/", account.revoke_token, name="token-revoke"),
    path("account/device/", device.device, name="device"),
    path("account/language/", account.language, name="language"),
    path("account/time-zone/", account.time_zone, name="time-zone"),
    path("account/theme/", account.theme, name="theme"),
    path("lab-templates/", templates.templates, name="templates"),
    path("lab-templates/new/", templates.create, name="template-new"),
    path("lab-templates/<slug:slug>/", templates.edit, name="template"),
    path("lab-templates/<slug:slug>/retire/", templates.retire, name="template-retire"),
    path("lab-templates/<slug:slug>/bring-back/", templates.bring_back, name="template-bring-back"),
    path("manage/", include(_manage)),
    path("notices/unsubscribe/<str:token>/", notices.by_link, name="notice-unsubscribe"),
    path("asks/<int:pk>/<slug:choice>/", idle_questions.answer_signed_in, name="ask-say"),
    path("asks/<str:token>/", idle_questions.by_link, name="ask-link"),
    path("accounts/", include(_accounts)),
    path("api/", include("portal.api.urls")),
    path("agent/v1/", include("portal.api.agent_urls")),
    *_moved,
]
