#!/usr/bin/env python3
"""Mail for a fleet: `check`, `fetch` (new letters become tasks), `send` (a publisher: an approved draft as JSON on stdin).

Python 3.9 or later, nothing else. Exit codes as Nightdesk reads them: 0 done, 75 passes by itself, 77 the login is dead.
"""
import email
import email.policy
import imaplib
import json
import os
import smtplib
import ssl
import subprocess
import sys
from email.message import EmailMessage

USER = os.environ["MAIL_USER"]
PASSWORD = os.environ.get("MAIL_PASSWORD", "")
# For a server on this machine without encryption, as in a trial.
PLAIN = os.environ.get("MAIL_PLAIN") == "yes"
LETTERS_A_RUN = 20
LONGEST_LETTER = 20_000


def dead(reason):
    print(f"AUTH_FAILED: {reason}")
    sys.exit(1 if sys.argv[1] == "check" else 77)


def open_mailbox():
    host, _, port = os.environ["IMAP_HOST"].partition(":")
    kind = imaplib.IMAP4 if PLAIN else imaplib.IMAP4_SSL
    box = kind(host, int(port or (143 if PLAIN else 993)), timeout=30)
    try:
        box.login(USER, PASSWORD)
    except imaplib.IMAP4.error as error:
        # Some servers refuse in these words while they are merely busy.
        if "UNAVAILABLE" in str(error):
            raise OSError(str(error)) from None
        dead("the mail server refuses the password")
    return box


def fetch():
    box = open_mailbox()
    box.select("INBOX")
    _, found = box.search(None, "UNSEEN")
    numbers = found[0].split()[:LETTERS_A_RUN]
    for number in numbers:
        # PEEK: a letter counts as seen only once its task exists.
        _, parts = box.fetch(number, "(BODY.PEEK[])")
        letter = email.message_from_bytes(parts[0][1], policy=email.policy.default)
        body = letter.get_body(preferencelist=("plain", "html"))
        sender = letter["reply-to"] or letter["from"]
        brief = f"From: {sender}\nSubject: {letter['subject']}\n\n{body.get_content()[:LONGEST_LETTER] if body else ''}"
        key = letter["message-id"] or f"{letter['date']} {sender}"
        # The same key is the same task: a crash in between hands nothing over twice.
        subprocess.run(
            ["nightdesk", "task", "add", "--for", "answerer", "--title", str(letter["subject"] or "(no subject)")[:120], "--key", str(key)],
            input=brief, text=True, check=True, stdout=subprocess.DEVNULL,
        )
        box.store(number, "+FLAGS", "\\Seen")
    if numbers:
        subprocess.run(["nightdesk", "progress", f"{len(numbers)} letters handed over"], check=True)
    box.logout()


def send():
    # A draft that is cut off is no JSON, and nothing is sent.
    draft = json.load(sys.stdin)
    letter = EmailMessage()
    letter["From"] = USER
    letter["To"] = draft["to"]
    letter["Subject"] = f"Re: {draft['context'] or 'your letter'}"[:200]
    # The same draft has the same id: a mail server that sees it twice may drop the second.
    domain = USER.rpartition("@")[2]
    letter["Message-ID"] = f"<nightdesk-{draft['id']}-{draft['revision']}@{domain}>"
    letter.set_content(draft["body"])
    host, _, port = os.environ["SMTP_HOST"].partition(":")
    server = (
        smtplib.SMTP(host, int(port or 25), timeout=30)
        if PLAIN
        else smtplib.SMTP_SSL(host, int(port or 465), timeout=30, context=ssl.create_default_context())
    )
    with server:
        try:
            server.login(USER, PASSWORD)
        except smtplib.SMTPAuthenticationError:
            dead("the mail server refuses the password")
        server.send_message(letter)
    print(json.dumps({"id": letter["Message-ID"]}))


def check():
    open_mailbox().logout()
    print("AUTH_OK")


try:
    {"check": check, "fetch": fetch, "send": send}[sys.argv[1]]()
except (OSError, imaplib.IMAP4.abort) as error:
    # Before anything was sent, or the server said no to it: may be tried again.
    print(f"the mail server cannot be reached: {error}", file=sys.stderr)
    sys.exit(75)
