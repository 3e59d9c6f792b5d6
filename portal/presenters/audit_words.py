"""The words for what stands in the audit log."""

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

VERBS: dict[str, Promise] = {
    "suspend": pgettext_lazy("audit", "Put to sleep"),
    "wake": pgettext_lazy("audit", "Woke"),
    "shelve": pgettext_lazy("audit", "Put away"),
    "archive": pgettext_lazy("audit", "Archived"),
    "restore": pgettext_lazy("audit", "Restored"),
    "restart": pgettext_lazy("audit", "Restarted"),
    "reset": pgettext_lazy("audit", "Reset its disk"),
    "retry": pgettext_lazy("audit", "Tried again"),
    "bin": pgettext_lazy("audit", "Put into the recycle bin"),
    "delete": pgettext_lazy("audit", "Deleted for good"),
    "rescue": pgettext_lazy("audit", "Started from a rescue image"),
    "move": pgettext_lazy("audit", "Moved to another computer"),
    "rename": pgettext_lazy("audit", "Renamed"),
    "open_port": pgettext_lazy("audit", "Opened a port"),
    "close_port": pgettext_lazy("audit", "Closed a port"),
    "keep_awake": pgettext_lazy("audit", "Gave more time"),
    "keep": pgettext_lazy("audit", "Kept"),
    "keep_moment": pgettext_lazy("audit", "Kept a moment"),
    "delete_moment": pgettext_lazy("audit", "Deleted a moment"),
    "copy_disk": pgettext_lazy("audit", "Asked for a copy of the disk"),
    "download_disk": pgettext_lazy("audit", "Downloaded the disk"),
    "connect": pgettext_lazy("audit", "Connected to it"),
    "dismiss": pgettext_lazy("audit", "Dismissed a message"),
    "adopt": pgettext_lazy("audit", "Gave a server to a person"),
    "accept_host_key": pgettext_lazy("audit", "Accepted another host key"),
    "change": pgettext_lazy("audit", "Changed something else"),
    "give_grant": pgettext_lazy("audit", "Gave more quota"),
    "approve_request": pgettext_lazy("audit", "Approved a request"),
    "refuse_request": pgettext_lazy("audit", "Refused a request"),
    "edit_template": pgettext_lazy("audit", "Changed a template"),
    "retire_template": pgettext_lazy("audit", "Retired a template"),
    "bring_back_template": pgettext_lazy("audit", "Brought a template back"),
    "edit_image": pgettext_lazy("audit", "Changed an image"),
    "edit_size": pgettext_lazy("audit", "Changed a size"),
    "send_notice_again": pgettext_lazy("audit", "Sent a message again"),
    "try_again": pgettext_lazy("audit", "Retried what had failed"),
    "set_password": pgettext_lazy("audit", "Set a password"),
    "rename_person": pgettext_lazy("audit", "Changed a username"),
    "verify_email": pgettext_lazy("audit", "Marked an e-mail address as verified"),
    "end_grant": pgettext_lazy("audit", "Ended a grant of quota"),
    "create_person": pgettext_lazy("audit", "Created an account"),
    "link_account": pgettext_lazy("audit", "Linked an external account"),
    "unlink_account": pgettext_lazy("audit", "Unlinked an external account"),
    "make_credential": pgettext_lazy("audit", "Had the cloud make a credential"),
    "make_cloud_user": pgettext_lazy("audit", "Asked for a Horizon account"),
    "renew_cloud_password": pgettext_lazy("audit", "Asked for a new password of Horizon"),
    "end_cloud_user": pgettext_lazy("audit", "Ended the Horizon account"),
    "change_roles": pgettext_lazy("audit", "Changed roles"),
    "send_link": pgettext_lazy("audit", "Mailed a link to choose a password"),
    "end_second_step": pgettext_lazy("audit", "Ended the second step of a sign-in"),
    "end_session": pgettext_lazy("audit", "Signed a person out in one browser"),
    "end_sessions": pgettext_lazy("audit", "Signed a person out everywhere"),
    "block_person": pgettext_lazy("audit", "Blocked a person"),
    "unblock_person": pgettext_lazy("audit", "Unblocked a person"),
    "remove_person": pgettext_lazy("audit", "Removed a person"),
    "publish_terms": pgettext_lazy("audit", "Published terms of use"),
    "announce": pgettext_lazy("audit", "Announced something"),
    "change_announcement": pgettext_lazy("audit", "Changed an announcement"),
    "end_announcement": pgettext_lazy("audit", "Ended an announcement"),
    "remove_announcement": pgettext_lazy("audit", "Removed an announcement"),
    "withdraw_terms": pgettext_lazy("audit", "Withdrew the terms of use"),
}
KINDS: dict[str, Promise] = {
    "machine": pgettext_lazy("audit", "machine"),
    "template": pgettext_lazy("audit", "template"),
    "image": pgettext_lazy("audit", "image"),
    "size": pgettext_lazy("audit", "size"),
    "grant": pgettext_lazy("audit", "quota"),
    "request": pgettext_lazy("audit", "request"),
    "server": pgettext_lazy("audit", "server"),
    "notice": pgettext_lazy("audit", "message"),
    "failure": pgettext_lazy("audit", "failure"),
    "person": pgettext_lazy("audit", "person"),
    "terms": pgettext_lazy("audit", "terms of use"),
    "announcement": pgettext_lazy("audit", "announcement"),
}


def verb_label(verb: str) -> str:
    """Return the words for a verb; the verb itself where a version before or after this one wrote it."""
    return str(VERBS.get(verb, verb))


def kind_label(kind: str) -> str:
    return str(KINDS.get(kind, kind))
