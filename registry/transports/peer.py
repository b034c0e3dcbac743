"""Who answered a connection: its address, and over TLS its certificate with what that says. No Django, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from cryptography import x509

from governance.canonical.values import JSON

NAME_LENGTH = 500
NAMES = 20


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says. Subject, issuer and names are the server's own words, cut short; the digest is ours."""

    sha256: str
    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime | None
    not_after: datetime | None

    def record(self) -> dict[str, JSON]:
        """Its JSON form."""
        return {
            "sha256": self.sha256,
            "subject": self.subject,
            "issuer": self.issuer,
            "names": list(self.names),
            "not_before": self.not_before.isoformat() if self.not_before else None,
            "not_after": self.not_after.isoformat() if self.not_after else None,
        }


@dataclass(frozen=True, slots=True)
class PeerFacts:
    """The connected peer. `der` is the certificate that it proved to hold, None without TLS."""

    address: str
    port: int
    der: bytes | None = None

    @property
    def certificate(self) -> Certificate | None:
        """What the certificate says."""
        return None if self.der is None else read_certificate(self.der)


def read_certificate(der: bytes) -> Certificate:
    """The facts of a certificate; of one whose fields cannot be read only the digest."""
    digest = sha256(der).hexdigest()
    try:
        read = x509.load_der_x509_certificate(der)
        subject, issuer = read.subject.rfc4514_string(), read.issuer.rfc4514_string()
        names = _names(read)
        return Certificate(
            digest,
            subject[:NAME_LENGTH],
            issuer[:NAME_LENGTH],
            names,
            read.not_valid_before_utc,
            read.not_valid_after_utc,
        )
    except ValueError:
        return Certificate(digest, "", "", (), None, None)


def _names(read: x509.Certificate) -> tuple[str, ...]:
    try:
        alternative = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    names = [*alternative.get_values_for_type(x509.DNSName)]
    names += [str(address) for address in alternative.get_values_for_type(x509.IPAddress)]
    return tuple(name[:NAME_LENGTH] for name in names[:NAMES])
