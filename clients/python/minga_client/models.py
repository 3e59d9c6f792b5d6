"""Answers of the API. Generated from its schema by clients/python/generate.py: change nothing here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Access:
    id: str
    service: str
    scheme: str
    host: str
    port: int
    # '' where the service has no sign-in name.
    user: str
    # held: its machine sleeps, and wakes when somebody connects who may.
    state: str
    # It is open, and something inside the machine took a connection.
    answers: bool
    note: str
    # The port inside the machine.
    target_port: int
    # Opened by hand, not by the template.
    extra: bool
    # The ssh line, with your key's file where ssh must be told; '' for other services.
    command: str
    # Your private keys in ~/.ssh that open it and that ssh does not try by itself, the newest first.
    key_files: list[str]
    # For http and https; else ''.
    url: str


@dataclass(frozen=True, slots=True)
class Announcement:
    id: int
    # '' where it is written in Spanish only.
    text_en: str
    text_es: str
    audience: str
    starts_at: datetime
    ends_at: datetime
    pauses_launches: bool


@dataclass(frozen=True, slots=True)
class AuditObject:
    # machine, template, image, size, grant, request, server, person, …
    kind: str
    id: str
    # As it was then.
    name: str


@dataclass(frozen=True, slots=True)
class Audit:
    id: int
    at: datetime
    # A username; manage.py for a command on the server.
    who: str
    verb: str
    # Whose thing it is; '' where it is nobody's.
    whom: str
    object: AuditObject
    # '' for a command, after 90 days, and for who is no administrator.
    address: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Hop:
    # name, port, tunnel, agent, guest or service, in the order of the way.
    name: str
    # null: not tried, or only a consequence of another's fault.
    ok: bool | None
    ms: float | None
    # For people, in your language.
    note: str
    last_ok_at: datetime | None


@dataclass(frozen=True, slots=True)
class Check:
    hops: list[Hop]
    # For people: what is broken, what to do, and who can do it.
    verdict: str
    # The name of the first broken hop.
    broken: str | None


@dataclass(frozen=True, slots=True)
class Claimed:
    id: int
    # As it was called at the promise.
    plan: str
    # promised: it starts once its computer has come and its donor has an account. active. ending: 30 days or less.
    # grace: over, nothing is deleted yet. ended.
    state: str
    # The username of who uses it; '' where its donor has no account yet.
    holder: str
    # null: not yet. The days run from then.
    starts_at: datetime | None
    ends_at: datetime | None
    # Whole days; all of them before it has started.
    days_left: int
    # What it gives of each measure, until ends_at.
    allowance: dict[str, Any]
    # Of all that its holder has, not of this one alone: subscriptions add up. 0 where there is no account yet.
    used: dict[str, Any]
    # The number of the computer that earned it; [] by a code.
    computers: list[str]
    # Codes by which days were given away, unused so far.
    codes: list[dict[str, Any]]
    # true: it was your own code. It was withdrawn, and this is the subscription to which its days came back.
    was_own: bool


@dataclass(frozen=True, slots=True)
class Computer:
    # As it stands on the label: MNG-00127-4.
    number: str
    donation: str
    kind: str
    model: str
    state: str
    # Of the state.
    since: datetime
    # null: it was not weighed.
    kg: float | None
    # Why it was declined: bits memory network broken enough never_came withdrawn; '' where it was not.
    reason: str
    # The same in words.
    why: str
    # The number of the newest certificate of its wiped disks that is valid: WPC-00012-3; '' for none. Anybody
    # checks it at /w/WPC-00012-3/.
    certificate: str
    # The name of the node that it is; '' for none.
    node: str
    # Whole hours in service.
    hours: int
    # Machines that it carried, each once.
    machines: int
    # Who had them, each once.
    people: int


@dataclass(frozen=True, slots=True)
class Copy:
    # due: it is being prepared.
    state: str
    # 0 while it is being prepared.
    size_bytes: int
    # qcow2, raw…; '' while it is being prepared.
    disk_format: str
    # What went wrong, in words.
    note: str
    asked_at: datetime
    # Until when it can be downloaded; null: as long as the machine is so.
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeviceCodes:
    # The program's own: with it the token is fetched.
    device_code: str
    # A person types it at `verification_uri`.
    user_code: str
    verification_uri: str
    # Seconds.
    expires_in: int
    # Seconds to leave between two polls; 5 more after each `slow_down`.
    interval: int


@dataclass(frozen=True, slots=True)
class ComputerFacts:
    # As it stands on the label: MNG-00127-4.
    number: str
    donation: str
    kind: str
    model: str
    state: str
    # Of the state.
    since: datetime
    # null: it was not weighed.
    kg: float | None
    # Why it was declined: bits memory network broken enough never_came withdrawn; '' where it was not.
    reason: str
    # The same in words.
    why: str
    # The number of the newest certificate of its wiped disks that is valid: WPC-00012-3; '' for none. Anybody
    # checks it at /w/WPC-00012-3/.
    certificate: str
    cpu: str
    # null, here and in what follows: not known.
    bits: int | None
    # MiB
    ram_mb: int | None
    # GB
    disk_gb: int | None
    # Mbit/s
    nic_mbit: int | None
    year: int | None
    # The number of the computer that got its parts; '' for none.
    used_for: str


@dataclass(frozen=True, slots=True)
class Donor:
    name: str
    organisation: str
    # '' where it was erased.
    email: str
    # Of their account; '' where they have none.
    username: str


@dataclass(frozen=True, slots=True)
class DonationEvent:
    at: datetime
    computer: str
    # '': it was offered.
    from_state: str
    to_state: str
    # Of a decline.
    reason: str
    # It took back the step before.
    undoes: bool
    # Of the step, to take it back. For administrators; '' for others, as below.
    batch: str
    # A username; '' where no person did it.
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class DonationDetail:
    # MNG-D-0041
    number: str
    # open: a computer waits for a decision or to be brought. received: what was accepted is here and being
    # prepared. in_service: all is prepared, and at least one carries machines. done: none is in use any more.
    # declined: none was accepted.
    state: str
    computers: list[ComputerFacts]
    donor: Donor
    handover: str
    # The donor's.
    message: str
    offered_at: datetime
    # All that was accepted is here: the donor can confirm the list.
    to_confirm: bool
    # What the donor says of the list of what was received: yes, no; '' for nothing yet.
    confirmed: str
    confirmed_at: datetime | None
    # What is missing or too much.
    confirm_note: str
    # Newest first.
    events: list[DonationEvent]


@dataclass(frozen=True, slots=True)
class Donation:
    # MNG-D-0041
    number: str
    # open: a computer waits for a decision or to be brought. received: what was accepted is here and being
    # prepared. in_service: all is prepared, and at least one carries machines. done: none is in use any more.
    # declined: none was accepted.
    state: str
    computers: list[ComputerFacts]
    donor: Donor
    handover: str
    # The donor's.
    message: str
    offered_at: datetime
    # All that was accepted is here: the donor can confirm the list.
    to_confirm: bool
    # What the donor says of the list of what was received: yes, no; '' for nothing yet.
    confirmed: str
    confirmed_at: datetime | None
    # What is missing or too much.
    confirm_note: str


@dataclass(frozen=True, slots=True)
class Event:
    id: int
    machine: str
    at: datetime
    kind: str
    # '' when it was not a person.
    by: str
    state: str
    note: str


@dataclass(frozen=True, slots=True)
class Grant:
    id: int
    source: str
    amounts: dict[str, Any]
    starts_at: datetime
    ends_at: datetime | None
    reason: str
    # '' for a command on the server.
    given_by: str


@dataclass(frozen=True, slots=True)
class ImportedLine:
    line: int
    status: str
    # Of a bad line, the one that was read.
    username: str
    name: str
    email: str
    # Why a line is bad; '' for the others.
    why: str


@dataclass(frozen=True, slots=True)
class Intake:
    number: str
    # Why it cannot carry machines, by what was measured; '': it can.
    why: str
    # Names of those that are not for machines' disks.
    bad_disks: list[str]


@dataclass(frozen=True, slots=True)
class KeyInMachine:
    machine: str
    # Of the machine.
    name: str
    # It is in the machine, as far as Minga knows.
    installed: bool
    # Of what you asked for last; none, too, where a reset has done it since it failed.
    state: str
    # Why it failed: not_running held no_portal_key no_site_key unreadable host_key refused not_taken unreachable
    # key_deleted; else ''.
    code: str
    # The same in words, with what to do.
    note: str


@dataclass(frozen=True, slots=True)
class Key:
    id: int
    name: str
    public_key: str
    fingerprint: str
    # Of a key that was made here: how its private half is to be called in ~/.ssh. '': it was pasted.
    file_name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class WayIn:
    # ssh http https vnc tcp; later versions have more.
    kind: str
    # For people, in your language.
    label: str
    # terminal web database network screen
    icon: str
    # What a person copies or opens.
    address: str
    # It can be used now, or wakes the machine.
    available: bool
    # Why it cannot be used now, in words; '' when it can.
    why_not: str
    # What else this kind has: host, port, user, command, key_files, url.
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Setup:
    # overdue: not over after an hour.
    state: str
    # Of its console: the last one, or the one that tells of a failure.
    line: str


@dataclass(frozen=True, slots=True)
class Refused:
    what: str
    # What was refused, in words.
    note: str


@dataclass(frozen=True, slots=True)
class Machine:
    id: str
    name: str
    template: str
    owner: str
    # new queued building running suspending suspended waking shelving shelved archiving archived deleting gone
    # failed
    state: str
    wanted: str
    # Nothing is under way: what you asked for last is done, or has failed. Wait for this and for `state`.
    settled: bool
    # Percent.
    progress: int
    # What is going on, in words.
    note: str
    actions: list[str]
    # The public ports.
    access: list[Access]
    # All ways to connect, of whatever kind, the ports among them.
    ways_in: list[WayIn]
    # Of a screen that the cloud serves on a port; '' where it serves none there.
    vnc_password: str
    created_at: datetime
    ready_at: datetime | None
    # Since when it is in the recycle bin.
    binned_at: datetime | None
    # Why the cloud failed or refused, in its own words: for teachers and administrators.
    cloud_says: str
    # It runs, every service of its template answers, and no first-boot setup goes on.
    ready: bool
    # Of its first boot (cloud-init); null: none was seen on its console.
    setup: Setup | None
    # What the cloud refused and nobody has seen yet; `see` puts it away. null: nothing.
    refused: Refused | None
    # Gone, because its server was deleted on the cluster itself. It is listed until `see` dismisses it.
    vanished: bool


@dataclass(frozen=True, slots=True)
class MadeKey:
    id: int
    name: str
    public_key: str
    fingerprint: str
    # Of a key that was made here: how its private half is to be called in ~/.ssh. '': it was pasted.
    file_name: str
    created_at: datetime
    # Shown once, kept nowhere.
    private_key: str


@dataclass(frozen=True, slots=True)
class OfferedComputer:
    number: str
    state: str
    # Why it cannot be used, in words; '' where it can.
    why: str


@dataclass(frozen=True, slots=True)
class Made:
    # MNG-D-0041
    number: str
    # open: a computer waits for a decision or to be brought. received: what was accepted is here and being
    # prepared. in_service: all is prepared, and at least one carries machines. done: none is in use any more.
    # declined: none was accepted.
    state: str
    computers: list[OfferedComputer]
    # How long the subscription of a computer would be, if it is accepted: the longest of them; 0 for none. It
    # starts once the computer has come and you have an account; those of several computers add up.
    months: int


@dataclass(frozen=True, slots=True)
class Me:
    username: str
    # student teacher donor admin: one or more.
    roles: list[str]
    # Goes with version 0.5: the one of `roles` that gives most.
    role: str


@dataclass(frozen=True, slots=True)
class Node:
    id: int
    # As the cloud calls it.
    name: str
    # The cloud heard it lately.
    up: bool
    # It takes new machines.
    enabled: bool
    # Why it is disabled.
    note: str
    # Since when it is so; null: since it was first seen.
    since: datetime | None
    # Its last report, by the cloud's clock; null: not told.
    heard_at: datetime | None
    # When the portal last looked.
    seen_at: datetime
    vcpus: int
    vcpus_used: int
    # MiB
    ram_mb: int
    # MiB
    ram_mb_used: int
    # Of the last 1, 5 and 15 minutes; null: not told.
    load: list[float] | None
    # 1: new machines go there as to others; below 0: last.
    weight: float
    # Seconds by which its clock is ahead; null: not told. Nova does not tell it, so it is null.
    clock_offset: float | None
    # On it now, by the cloud's count.
    machines: int
    # Whole hours in which it was up.
    hours: int
    # The number of the given computer that it is; '' where nobody said it.
    computer: str
    # The cloud still has it.
    listed: bool


@dataclass(frozen=True, slots=True)
class Gauge:
    used: int
    limit: int
    left: int


@dataclass(frozen=True, slots=True)
class Quota:
    machines: Gauge
    vcpus: Gauge
    # MiB
    ram_mb: Gauge
    # GiB
    disk_gb: Gauge
    # Those of archived machines count.
    ports: Gauge
    # The recycle bin counts.
    archives: Gauge
    # GiB
    archive_gb: Gauge


@dataclass(frozen=True, slots=True)
class Person:
    username: str
    name: str
    email: str
    roles: list[str]
    blocked: bool
    last_sign_in: datetime | None
    machines: int
    quota: Quota


@dataclass(frozen=True, slots=True)
class Photo:
    id: int
    # The number of the one that it shows; '' where nobody said.
    computer: str
    # Pixels.
    width: int
    # Pixels.
    height: int
    added_at: datetime
    # The donor sent it; else staff took it.
    by_donor: bool


@dataclass(frozen=True, slots=True)
class PortalKey:
    # offered: its owner is to add it by hand. none: this site has no keys for machines. unknown: the machine is
    # older.
    state: str
    # '' where there is none.
    public_key: str


@dataclass(frozen=True, slots=True)
class QuotaRequest:
    id: int
    who: str
    # The slug; '' when it is gone.
    template: str
    amounts: dict[str, Any]
    reason: str
    state: str
    # Of whoever decided it.
    note: str
    created_at: datetime
    # '' while it is open.
    decided_by: str
    decided_at: datetime | None
    # When what was given ends; null: it does not.
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class SecondStep:
    # The password is not enough.
    on: bool
    app: bool
    passkeys: int
    # One is asked of a role of this person, who has none.
    owed: bool


@dataclass(frozen=True, slots=True)
class Size:
    vcpus: int
    # MiB
    ram_mb: int
    # GiB
    disk_gb: int


@dataclass(frozen=True, slots=True)
class Server:
    # The cloud's id of the server.
    id: str
    name: str
    # second: left over from a machine, goes by itself. lost: carries our mark, its machine is unknown. other: made
    # outside Minga.
    kind: str
    # building active suspended stopped shelved error unknown
    status: str
    # The username that its tag names; '' when it names nobody here, or a person in whose project it is not.
    owner: str
    # The cloud's id of its project.
    project: str
    flavor: str
    # All 0 when the cloud did not tell.
    size: Size
    host: str
    address: str
    created_at: datetime | None
    # Since when no machine needs it.
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    id: int
    # '': unknown.
    address: str
    browser: str
    created_at: datetime
    # Up to ten minutes old.
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Snapshot:
    # Of this machine; never used twice.
    number: int
    name: str
    # due: it is being kept; ready; failed: the note says why.
    state: str
    # What went wrong, in words.
    note: str
    # 0 while it is being kept.
    size_bytes: int
    asked_at: datetime
    ready_at: datetime | None


@dataclass(frozen=True, slots=True)
class Subscription:
    id: int
    # As it was called at the promise.
    plan: str
    # promised: it starts once its computer has come and its donor has an account. active. ending: 30 days or less.
    # grace: over, nothing is deleted yet. ended.
    state: str
    # The username of who uses it; '' where its donor has no account yet.
    holder: str
    # null: not yet. The days run from then.
    starts_at: datetime | None
    ends_at: datetime | None
    # Whole days; all of them before it has started.
    days_left: int
    # What it gives of each measure, until ends_at.
    allowance: dict[str, Any]
    # Of all that its holder has, not of this one alone: subscriptions add up. 0 where there is no account yet.
    used: dict[str, Any]
    # The number of the computer that earned it; [] by a code.
    computers: list[str]
    # Codes by which days were given away, unused so far.
    codes: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class TaughtMachine:
    id: str
    name: str
    owner: str
    # '' where no name is known.
    owner_name: str
    template: str
    # As machines/ tells it.
    state: str
    state_since: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    port: int
    scheme: str


@dataclass(frozen=True, slots=True)
class Template:
    id: int
    slug: str
    name: str
    summary: str
    icon: str
    size: Size
    services: list[Service]
    published: bool
    # '' when nobody is known.
    author: str
    # Nobody can launch it any more.
    retired: bool
    # What it changes of the idle rules.
    idle: dict[str, Any]
    # Whether you could launch it now.
    fits: bool
    # The cluster is full: a launch would queue.
    waits: bool
    # Why you could not, in words; '' when you could.
    why_not: str
    # For those who may change it: of how many living machines the first-boot setup failed. 0 for others.
    setup_failures: int
    # Likewise: what the console of one of them said.
    setup_fault: str


@dataclass(frozen=True, slots=True)
class Terminal:
    session: str
    # Of a websocket. Its ticket lets one connection in, within 60 seconds.
    url: str


@dataclass(frozen=True, slots=True)
class Token:
    token: str


@dataclass(frozen=True, slots=True)
class Transfer:
    # Shown once: only a hash is kept.
    code: str
    days: int
    # Unused until then, its days come back.
    expires_at: datetime
