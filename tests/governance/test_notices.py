"""People are told once, in the console and by mail; a mail that fails is tried again, and never holds anything up."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from gateway.settings.env import BadSetting, Mail, mail
from governance import notices, tasks
from governance.models import Notice, Person

pytestmark = pytest.mark.django_db


class MailServer:
    """A mail server that keeps what it was handed, and refuses while `refusing`."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []
        self.refusing = False
        outer = self

        class Session(socketserver.StreamRequestHandler):
            def say(self, line: str) -> None:
                self.wfile.write(f"{line}\r\n".encode())

            def handle(self) -> None:
                self.say("220 test")
                to = ""
                while line := self.rfile.readline().decode().strip():
                    word = line.upper()
                    if word.startswith("RCPT"):
                        to = line.partition("<")[2].rstrip(">")
                    if word == "DATA":
                        self.say("451 later" if outer.refusing else "354 go on")
                        if outer.refusing:
                            continue
                        body = b""
                        while (part := self.rfile.readline()) != b".\r\n":
                            body += part
                        outer.messages.append((to, body.decode()))
                    self.say("221 bye" if word == "QUIT" else "250 fine")
                    if word == "QUIT":
                        return

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def mailing(settings: Any) -> Iterator[MailServer]:
    """Mail is set up, to a server of the test."""
    server = MailServer()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", server.port, False
    settings.DEFAULT_FROM_EMAIL = "gatehouse@example.com"
    settings.PUBLIC_URL = "https://gatehouse.example.com"
    yield server
    server.close()


@pytest.fixture
def bo(make_person: Callable[..., Person]) -> Person:
    return make_person("bo@example.com")


def tell(*people: Person, text: str = "A request waits for you.", about: str = "r1") -> int:
    return notices.tell(people, kind="request.submitted", about=about, text=text, path="/admin/requests/r1/")


def test_a_person_is_told_once_until_they_have_read_it(bo: Person) -> None:
    assert (tell(bo), tell(bo, bo)) == (1, 1)
    assert notices.unread_of(bo) == 1
    assert notices.mark_read(person=bo) == 1
    tell(bo)
    assert (notices.unread_of(bo), Notice.objects.count()) == (1, 2)


def test_who_left_is_told_nothing(bo: Person) -> None:
    Person.objects.update(is_active=False)
    bo.refresh_from_db()
    assert tell(bo) == 0


def test_nobody_marks_the_notices_of_others_as_read(bo: Person, make_person: Callable[..., Person]) -> None:
    other = make_person("other@example.com")
    tell(bo)
    assert notices.mark_read(person=other, ids=[Notice.objects.get().pk]) == 0
    assert notices.unread_of(bo) == 1


def test_a_mail_holds_our_sentence_and_the_link_and_is_sent_once(bo: Person, mailing: MailServer) -> None:
    tell(bo)
    assert (tasks.send_notices(), tasks.send_notices()) == (1, 0)
    [(to, body)] = mailing.messages
    assert to == "bo@example.com"
    text = body.replace("\r\n", "\n")
    assert "Subject: Gatehouse: A request waits for you." in text
    assert text.endswith("A request waits for you.\n\nhttps://gatehouse.example.com/admin/requests/r1/\n")
    assert "Auto-Submitted: auto-generated" in text


def test_a_sentence_cannot_bring_headers_or_invisible_characters_along(bo: Person, mailing: MailServer) -> None:
    tell(bo, text="Read\r\nBcc: all@example.com\u202e")
    tasks.send_notices()
    [(_, body)] = mailing.messages
    headers, _, text = body.replace("\r\n", "\n").partition("\n\n")
    assert not [line for line in headers.splitlines() if line.lower().startswith("bcc")]
    assert "\u202e" not in text


def test_without_a_mail_server_or_a_sender_nothing_is_mailed(bo: Person, settings: Any, mailing: MailServer) -> None:
    tell(bo)
    settings.DEFAULT_FROM_EMAIL = ""
    assert tasks.send_notices() == 0
    settings.DEFAULT_FROM_EMAIL, settings.EMAIL_HOST = "gatehouse@example.com", ""
    assert tasks.send_notices() == 0
    assert (mailing.messages, Notice.objects.get().attempts) == ([], 0)


def test_a_mail_that_is_refused_is_tried_again_with_growing_pauses(bo: Person, mailing: MailServer) -> None:
    mailing.refusing = True
    tell(bo)
    now = timezone.now()
    assert notices.send_due(now) == 0
    notice = Notice.objects.get()
    assert (notice.attempts, notice.mail_error) == (1, "SMTPDataError 451")
    assert notice.next_attempt_at == now + timedelta(seconds=30)
    assert notices.send_due(now + timedelta(seconds=29)) == 0
    assert Notice.objects.get().attempts == 1, "not before its pause is over"
    later = now + timedelta(seconds=31)
    notices.send_due(later)
    assert Notice.objects.get().next_attempt_at == later + timedelta(seconds=60)
    mailing.refusing = False
    assert notices.send_due(later + timedelta(minutes=2)) == 1
    assert Notice.objects.get().mail_error == ""
    assert len(mailing.messages) == 1


def test_a_mail_server_that_does_not_answer_holds_nothing_up_and_is_given_up_in_the_end(
    bo: Person, mailing: MailServer, settings: Any
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        settings.EMAIL_PORT = free.getsockname()[1]
    tell(bo)
    now = timezone.now()
    for number in range(20):
        assert notices.send_due(now + timedelta(hours=number)) == 0
    assert Notice.objects.get().attempts == notices.ATTEMPTS
    assert Notice.objects.get().mail_error == "ConnectionRefusedError"


def test_what_was_read_or_is_older_than_a_day_is_not_mailed(bo: Person, mailing: MailServer) -> None:
    tell(bo)
    notices.mark_read(person=bo)
    tell(bo, about="r2")
    assert notices.send_due(timezone.now() + timedelta(hours=25)) == 0
    assert mailing.messages == []


def test_newer_words_about_the_same_are_mailed_anew_and_the_same_words_are_not(bo: Person, mailing: MailServer) -> None:
    tell(bo)
    tasks.send_notices()
    tell(bo)
    assert tasks.send_notices() == 0
    tell(bo, text="It changed.")
    assert tasks.send_notices() == 1
    assert (len(mailing.messages), Notice.objects.count()) == (2, 1)


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("", Mail()),
        ("smtp://mail.example.com", Mail("mail.example.com", 587, starttls=True)),
        ("smtp://u%40x:p%2Fw@mail.example.com:2525", Mail("mail.example.com", 2525, "u@x", "p/w", starttls=True)),
        ("smtp://localhost:25?tls=none", Mail("localhost", 25)),
        ("smtps://mail.example.com", Mail("mail.example.com", 465, tls=True)),
    ],
)
def test_the_mail_server_is_read_from_one_address(url: str, read: Mail) -> None:
    assert mail(url) == read


@pytest.mark.parametrize(
    "url", ["mail.example.com", "http://x", "smtp://", "smtp://x:0", "smtp://x:no", "smtp://x?tls=1"]
)
def test_an_address_that_is_no_mail_server_says_what_to_write(url: str) -> None:
    with pytest.raises(BadSetting, match="GATEHOUSE_EMAIL_URL"):
        mail(url)
