"""The addresses of what people gave: the desk of administrators, and the pages of donors."""

from django.urls import path

from portal import access
from portal.middleware.body_limits import MB, takes_up_to
from portal.sent_photos import MOST_BYTES as PHOTOS
from portal.views import (
    certificate_pages,
    desk,
    desk_photos,
    donate,
    donating,
    donation_desk,
    donor_data,
    given,
    intake_desk,
    intake_page,
    inventory_pages,
    label_pages,
    photo_pages,
    public_computer,
    receipt_pages,
    report_pages,
    share_pages,
    team_pages,
    thanks_pages,
    wipe_desk,
)
from portal.views.wipe_desk import MOST_BYTES as EVIDENCE

# Below /manage/.
desk_pages = [
    path("computers/", desk.desk, name="desk"),
    path(
        "computers/import/", takes_up_to(5 * MB, may=access.administers)(inventory_pages.bring_in), name="desk-import"
    ),
    path(
        "computers/import/left-out/",
        takes_up_to(5 * MB, may=access.administers)(inventory_pages.left_out),
        name="desk-import-left-out",
    ),
    path("computers/import/example.csv", inventory_pages.example, name="desk-import-example"),
    path("computers/export.csv", inventory_pages.export, name="desk-export"),
    path("computers/report/", report_pages.report, name="report"),
    path("computers/report/report.pdf", report_pages.printed, name="report-pdf"),
    path("computers/report/report.csv", report_pages.spreadsheet, name="report-csv"),
    path("computers/<int:pk>/", takes_up_to(PHOTOS, may=access.administers)(desk.computer), name="desk-computer"),
    path(
        "computers/<int:pk>/photos/",
        takes_up_to(PHOTOS, may=access.administers)(desk_photos.add),
        name="desk-photos",
    ),
    path("computers/<int:pk>/photos/<int:photo>/assign/", desk_photos.assign, name="desk-photo-assign"),
    path("computers/<int:pk>/photos/<int:photo>/remove/", desk_photos.remove, name="desk-photo-remove"),
    path("computers/<int:pk>/undo/", desk.undo, name="desk-undo"),
    path("computers/<int:pk>/facts/", desk.facts, name="desk-facts"),
    path(
        "computers/<int:pk>/disks/", takes_up_to(EVIDENCE, may=access.administers)(wipe_desk.add), name="desk-disk-new"
    ),
    path(
        "computers/<int:pk>/disks/<int:disk>/",
        takes_up_to(EVIDENCE, may=access.administers)(wipe_desk.change),
        name="desk-disk",
    ),
    path("computers/<int:pk>/disks/<int:disk>/remove/", wipe_desk.remove, name="desk-disk-remove"),
    path("computers/<int:pk>/evidence/<int:evidence>/", wipe_desk.file, name="desk-evidence"),
    path("computers/<int:pk>/certificate/", wipe_desk.issue, name="desk-certificate"),
    path("computers/<int:pk>/certificates/<int:certificate>/withdraw/", wipe_desk.withdraw, name="desk-withdraw"),
    path("computers/<int:pk>/intake/", intake_desk.text, name="desk-intake"),
    path("computers/<int:pk>/intake/code/", intake_desk.code, name="desk-intake-code"),
    path(
        "computers/<int:pk>/intake/codes/<int:intake_code>/withdraw/", intake_desk.withdraw, name="desk-intake-withdraw"
    ),
    path("computers/<int:pk>/intake/label/", intake_desk.label, name="desk-intake-label"),
    path(
        "computers/<int:pk>/intake/<int:measurement>/take-over/",
        intake_desk.take_over,
        name="desk-intake-take-over",
    ),
    path("computers/labels/", label_pages.labels, name="labels"),
    path("computers/labels/print/", label_pages.printed, name="labels-print"),
    path("thanks/", thanks_pages.texts, name="thanks-texts"),
    path("thanks/<int:pk>/", thanks_pages.take_off, name="thanks-take-off"),
    path("donations/", donation_desk.donations, name="donations"),
    path("donations/<int:pk>/", donation_desk.donation, name="donation"),
    path("donations/<int:pk>/undo/", desk.undo_of_donation, name="donation-undo"),
    path("donations/<int:pk>/donor/", donor_data.for_them, name="donation-donor"),
    path("donations/<int:pk>/donor/download/", donor_data.download_for_them, name="donation-donor-download"),
]
donor_pages = [
    path("donating/", donating.donating, name="donating"),
    path("donating/confirm/", donating.confirm, name="donation-confirm"),
    path("donating/photos/", takes_up_to(PHOTOS)(donating.photos), name="donating-photos"),
    path("donating/monthly/", donating.monthly, name="donating-monthly"),
    path("donating/tie/", donating.tie, name="donating-tie"),
    path("donating/receipts/<int:pk>/", receipt_pages.signed_in, name="donation-receipt"),
    path("donate/", takes_up_to(PHOTOS, strangers=True)(donate.donate), name="donate"),
    path("donate/done/", donate.donated, name="donated"),
    path("given/again/", given.again, name="given-again"),
    path("given/<str:token>/", takes_up_to(PHOTOS, strangers=True)(given.given), name="given"),
    path("donating/team/", team_pages.of_donor_signed_in, name="donating-team"),
    path("given/<str:token>/team/", team_pages.of_donor_by_link, name="given-team"),
    path("team/<int:pk>/", team_pages.seen, name="team"),
    path("team/<int:pk>/leave/", team_pages.leave, name="team-leave"),
    path("team/join/<str:token>/", team_pages.join, name="team-join"),
    path("donating/picture/", share_pages.chosen_signed_in, name="donating-picture"),
    path("given/<str:token>/picture/", share_pages.chosen_by_link, name="given-picture"),
    path("shared/<str:key>/", share_pages.shared, name="shared"),
    path("shared/<str:key>/minga.png", share_pages.picture, name="shared-picture"),
    path("thanks/", thanks_pages.public, name="thanks"),
    path("donating/thanks/", thanks_pages.chosen_signed_in, name="donating-thanks"),
    path("given/<str:token>/thanks/", thanks_pages.chosen_by_link, name="given-thanks"),
    path("donating/data/", donor_data.data_signed_in, name="donating-data"),
    path("donating/data/download/", donor_data.download_signed_in, name="donating-download"),
    path("donating/erase/", donor_data.erase_signed_in, name="donating-erase"),
    path("given/<str:token>/data/", donor_data.data, name="given-data"),
    path("given/<str:token>/data/download/", donor_data.download, name="given-download"),
    path("given/<str:token>/erase/", donor_data.erase, name="given-erase"),
    path("photos/<int:pk>/", photo_pages.photo, name="photo"),
    path("photos/<int:pk>/small/", photo_pages.photo, {"is_small": True}, name="photo-small"),
    path("photos/by-link/<str:token>/", photo_pages.by_link, name="photo-by-link"),
    path("photos/by-link/<str:token>/small/", photo_pages.by_link, {"is_small": True}, name="photo-by-link-small"),
    path("given/<str:token>/receipts/<int:pk>/", receipt_pages.by_link, name="given-receipt"),
    path("donating/certificates/<int:pk>/", certificate_pages.signed_in, name="donation-certificate"),
    path("given/<str:token>/certificates/<int:pk>/", certificate_pages.by_link, name="given-certificate"),
    path("intake/", intake_page.page, name="intake"),
    path("intake/minga-intake", intake_page.program, name="intake-program"),
    path("w/", certificate_pages.ask, name="certificate-number"),
    path("w/<str:typed>/", certificate_pages.public, name="public-certificate"),
    path("c/<str:typed>/", public_computer.public_computer, name="public-computer"),
]
