"""Mails of the outbox, through real mail servers: taken, refused, silent, cut off; and what each leaves at its row."""

import smtplib
import socket
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import failures
from accounts.models import Notice, RowFailure, Unsubscribed, User
from accounts.notices import mail, outbox
from tests.accounts.notices.letters import NEWS, fresh, letter
from tests.accounts.postman import HERE, Postman, body, use

pytestmark = pytest.mark.django_db


def turn() -> int:
    return mail.send_due(timezone.now())


def letters(student: User, count: int) -> list[Notice]:
    return [letter(student, f"thing:{number}") for number in range(count)]


def states() -> set[tuple[str, int]]:
    return set(Notice.objects.values_list("state", "attempts"))


def later() -> None:
    """Let the pause of everything be over."""
    Notice.objects.filter(state="due").update(next_at=timezone.now())
    RowFailure.objects.update(next_at=timezone.now())


def test_a_mail_is_delivered_when_the_server_took_it(student: User, postman: Postman) -> None:
    notice = letter(student)
    assert turn() == 1
    notice = fresh(notice)
    assert (notice.state, notice.delivered_at is None, notice.next_at, notice.claimed_at) == (
        "delivered",
        False,
        None,
        None,
    )


def test_a_mail_is_sent_once(student: User, postman: Postman) -> None:
    letter(student)
    assert [turn(), turn()] == [1, 0]
    assert len(postman.mails) == 1


def test_all_go_over_one_connection(student: User, postman: Postman) -> None:
    letters(student, 4)
    assert turn() == 4
    assert postman.connections == 1


def test_it_is_worded_in_its_readers_language_and_time_zone(student: User, postman: Postman) -> None:
    User.objects.update(language="es", time_zone="America/Guayaquil")
    letter(student)
    turn()
    assert body(postman.mails[0]).split()[2:4] == ["19:00", "Máquinas"]


def test_without_a_zone_of_ones_own_it_is_the_sites(student: User, postman: Postman, settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Madrid"
    letter(student)
    turn()
    assert "01:00" in body(postman.mails[0])


def test_a_zone_that_there_is_not_is_the_sites(student: User, postman: Postman) -> None:
    User.objects.update(time_zone="../etc/passwd")
    letter(student)
    assert turn() == 1


def test_it_has_html_too(student: User, postman: Postman) -> None:
    letter(student)
    turn()
    assert body(postman.mails[0], "html").strip() == "<p>Hello you</p>"


def test_no_absence_notice_answers_it(student: User, postman: Postman) -> None:
    letter(student)
    turn()
    assert postman.mails[0]["Auto-Submitted"] == "auto-generated"


def test_what_is_no_longer_worth_sending_is_cancelled(student: User, postman: Postman) -> None:
    notice = letter(student, arguments={"gone": True})
    assert (turn(), fresh(notice).state, postman.mails) == (0, "cancelled", [])


@pytest.mark.parametrize("address", ["", "student@example.com"])
def test_an_address_that_is_not_proven_gets_nothing(student: User, postman: Postman, address: str) -> None:
    User.objects.update(email=address)
    notice = letter(student)
    assert (turn(), fresh(notice).fault) == (0, "No verified mail address.")


def test_a_log_is_nobody_who_reads_mail(student: User, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    notice = letter(student)
    assert (turn(), fresh(notice).state, fresh(notice).fault) == (0, "none", "No mail server is set (EMAIL_URL).")


def test_an_address_that_nobody_reads_is_given_up(student: User, postman: Postman) -> None:
    postman.to = "550 No such person"
    notice = letter(student)
    turn()
    assert (fresh(notice).state, fresh(notice).fault) == ("failed", "550 No such person")


def test_a_mail_refused_whole_is_given_up(student: User, postman: Postman) -> None:
    postman.says = "554 Spam"
    notice = letter(student)
    turn()
    assert (fresh(notice).state, fresh(notice).fault) == ("failed", "554 Spam")


@pytest.mark.parametrize("words", ["451 Later", "452 Full"])
@pytest.mark.parametrize("where", ["to", "says"])
def test_a_server_that_wants_to_wait_is_asked_again(student: User, postman: Postman, words: str, where: str) -> None:
    setattr(postman, where, words)
    notice, began = letter(student), timezone.now()
    turn()
    notice = fresh(notice)
    assert (notice.state, notice.attempts, notice.fault) == ("due", 1, words)
    assert notice.next_at
    assert notice.next_at > began + timedelta(seconds=20)


def test_it_is_tried_less_and_less_often(student: User, postman: Postman) -> None:
    postman.says = "451 Later"
    notice, pauses = letter(student), []
    for _try in range(9):
        turn()
        pauses.append(round((fresh(notice).next_at - timezone.now()).total_seconds() / 30))  # type: ignore[operator]
        later()
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_one_refused_mail_does_not_stop_the_next(student: User, student2: User, postman: Postman) -> None:
    User.objects.filter(pk=student.pk).update(email="")
    letter(student)
    letter(student2)
    assert turn() == 1


def test_a_mail_that_cannot_be_worded_stops_nobody(student: User, student2: User, postman: Postman) -> None:
    bad, good = letter(student, arguments={}), letter(student2)
    assert turn() == 1
    assert (fresh(good).state, fresh(bad).state, fresh(bad).attempts) == ("delivered", "due", 1)
    assert RowFailure.objects.get(loop="mail").key == str(bad.pk)


def test_for_one_that_rests_no_server_is_called(student: User, postman: Postman) -> None:
    letter(student, arguments={})
    turn()
    before = postman.connections
    assert (turn(), postman.connections) == (0, before)


def test_one_that_rests_can_be_tried_at_once(student: User, postman: Postman) -> None:
    bad = letter(student, arguments={})
    turn()
    Notice.objects.update(arguments={"name": "you"})
    failures.try_now(pk=RowFailure.objects.get().pk)
    assert (turn(), fresh(bad).state, RowFailure.objects.count()) == (1, "delivered", 0)


def test_a_server_that_hangs_up_after_a_refusal_costs_the_next_nothing(
    student: User, student2: User, postman: Postman
) -> None:
    postman.once = "421 Bye"
    letter(student)
    letter(student2)
    assert (turn(), postman.connections) == (1, 2)


def test_a_kind_of_another_version_stops_nobody(student: User, student2: User, postman: Postman) -> None:
    bad = letter(student)
    Notice.objects.update(kind="test.of_tomorrow")
    letter(student2)
    assert (turn(), fresh(bad).state) == (1, "due")


def test_a_server_that_is_away_delays_all_and_is_asked_once(
    student: User, postman: Postman, caplog: pytest.LogCaptureFixture
) -> None:
    postman.close()
    letters(student, 3)
    turn()
    assert states() == {("due", 1)}
    assert [r.getMessage().endswith("3 mails are tried again later") for r in caplog.records] == [True]


def test_a_server_that_hangs_costs_one_patience(student: User, settings: Any) -> None:
    letters(student, 3)
    with socket.create_server((HERE, 0)) as silent:
        use(settings, silent.getsockname()[1])
        settings.EMAIL_TIMEOUT = 1
        assert turn() == 0
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()  # nobody called it a second time
    assert states() == {("due", 1)}
    assert "timed out" in Notice.objects.all()[0].fault


def test_a_connection_lost_before_the_mail_went_over_is_tried_again(student: User, postman: Postman) -> None:
    postman.breaks_at = "RCPT"
    notice = letter(student)
    turn()
    assert (fresh(notice).state, postman.mails) == ("due", [])
    later()
    postman.breaks_at = ""
    assert turn() == 1


def test_one_lost_after_the_mail_went_over_is_not_sent_twice(student: User, postman: Postman) -> None:
    postman.breaks_at = "DATA"
    notice = letter(student)
    turn()
    postman.breaks_at = ""
    later()
    assert (turn(), len(postman.mails)) == (0, 1)
    assert fresh(notice).state == "failed"
    assert fresh(notice).fault.startswith("Whether it arrived is not known")


def test_after_a_lost_connection_the_next_goes_over_another(student: User, student2: User, postman: Postman) -> None:
    postman.breaks_at, postman.breaks = "DATA", 1
    letter(student)
    letter(student2)
    assert (turn(), postman.connections) == (1, 2)


def test_three_in_a_row_end_the_turn(student: User, postman: Postman) -> None:
    postman.breaks_at = "RCPT"
    letters(student, 5)
    turn()
    assert sum(Notice.objects.values_list("attempts", flat=True)) == 3


def test_workers_side_by_side_are_bounded(student: User, postman: Postman) -> None:
    letters(student, mail.SIDE_BY_SIDE + 1)
    outbox.claim("mail", timezone.now(), most=mail.SIDE_BY_SIDE)
    assert turn() == 0
    Notice.objects.filter(state="sending").first().delete()  # type: ignore[union-attr]
    assert turn() == 1


def test_what_failed_goes_out_when_an_administrator_says_so(student: User, admin: User, postman: Postman) -> None:
    postman.says = "554 Spam"
    notice = letter(student)
    turn()
    postman.says = "250 OK"
    outbox.send_again(notice=notice, by=admin)
    assert (turn(), fresh(notice).state) == (1, "delivered")


def test_who_unsubscribed_gets_no_more_of_that_kind(student: User, postman: Postman) -> None:
    Unsubscribed.objects.create(user=student, kind=NEWS.name)
    news, other = letter(student, kind=NEWS), letter(student)
    assert turn() == 1
    assert [(fresh(row).state, fresh(row).fault) for row in (news, other)] == [
        ("none", "Unsubscribed."),
        ("delivered", ""),
    ]


def test_a_mail_program_has_a_button_that_ends_a_kind(student: User, postman: Postman) -> None:
    letter(student, kind=NEWS)
    turn()
    sent = postman.mails[0]
    assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert str(sent["List-Unsubscribe"]).strip(" <>") == body(sent).split()[-1]


def test_a_kind_that_must_be_read_has_no_such_button(student: User, postman: Postman) -> None:
    letter(student)
    turn()
    assert "List-Unsubscribe" not in postman.mails[0]


def test_an_encrypted_line_is_watched_as_well() -> None:
    from accounts.notices.smtp import Backend

    assert issubclass(Backend(use_ssl=True).connection_class, smtplib.SMTP_SSL)
    assert not issubclass(Backend().connection_class, smtplib.SMTP_SSL)
