"""Authenticator apps and recovery codes: make, confirm, check. The acts behind the second-factor pages."""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import Final
from urllib.parse import quote, urlencode

import qrcode
from django.db import transaction
from django_otp import devices_for_user, verify_token
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from qrcode.image.svg import SvgPathImage

from governance import ledger
from governance.models import Person

ISSUER: Final = "Gatehouse"
RECOVERY_CODES: Final = 10
TOTP_DIGITS: Final = 6


def new_key() -> str:
    """A fresh authenticator secret, 20 random bytes in hex."""
    return secrets.token_hex(20)


def typed(key: str) -> str:
    """The secret as a person types it: base32 in groups of four."""
    text = base64.b32encode(binascii.unhexlify(key)).decode().rstrip("=")
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def picture(person: Person, key: str) -> str:
    """A data: address of an SVG QR code that authenticator apps read."""
    secret = base64.b32encode(binascii.unhexlify(key)).decode().rstrip("=")
    label = quote(f"{ISSUER}:{person.email}")
    uri = f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': ISSUER})}"
    image = qrcode.make(uri, image_factory=SvgPathImage, box_size=12, border=3)
    return "data:image/svg+xml;base64," + base64.b64encode(image.to_string()).decode()


@transaction.atomic
def enrol(person: Person, key: str, code: str) -> tuple[TOTPDevice, list[str]] | None:
    """Confirm `key` as the person's authenticator, replacing any other; None when `code` does not fit it.

    Returns the device and ten recovery codes, which are shown once. Recorded in the ledger.
    """
    device = TOTPDevice(user=person, name="Authenticator app", key=key, confirmed=True)
    if not _is_code(code):
        return None
    device.save()
    if not device.verify_token(code):
        device.delete()
        return None
    TOTPDevice.objects.filter(user=person).exclude(pk=device.pk).delete()
    codes = _store_codes(person)
    _record(person, "second factor enrolled")
    return device, codes


@transaction.atomic
def renew_codes(person: Person) -> list[str]:
    """Ten new recovery codes; the old ones stop working. Recorded in the ledger."""
    codes = _store_codes(person)
    _record(person, "recovery codes renewed")
    return codes


def check(person: Person, code: str) -> Device | None:
    """The device that accepts `code` (six digits, or a recovery code), or None. Devices slow down after failures."""
    code = code.replace(" ", "").strip().lower()
    wanted = TOTPDevice if _is_code(code) else StaticDevice
    for device in devices_for_user(person):
        if isinstance(device, wanted) and (accepted := verify_token(person, device.persistent_id, code)) is not None:
            return accepted
    return None


def _is_code(code: str) -> bool:
    return len(code) == TOTP_DIGITS and code.isascii() and code.isdigit()


def _store_codes(person: Person) -> list[str]:
    device, _ = StaticDevice.objects.get_or_create(user=person, name="Recovery codes")
    device.token_set.all().delete()
    codes = [f"{secrets.token_hex(2)}-{secrets.token_hex(2)}-{secrets.token_hex(2)}" for _ in range(RECOVERY_CODES)]
    for code in codes:
        device.token_set.create(token=code)
    return codes


def _record(person: Person, what: str) -> None:
    ledger.append(kind="change.person", by=person.email, change={"what": what, "name": person.email}, via="console")
