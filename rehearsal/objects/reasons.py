"""Why a store refuses, in words, and what would mend it: from S3's codes, and from TLS."""

from __future__ import annotations

from collections.abc import Mapping

from botocore.exceptions import ClientError

SKEWED = "RequestTimeTooSkewed"
REASONS: Mapping[str, str] = {
    "InvalidAccessKeyId": "the access key is not known there",
    "SignatureDoesNotMatch": "the secret key is wrong",
    "AccessDenied": "the key may not do that",
    SKEWED: "the clocks differ by more than 15 minutes",
}
UNTRUSTED = "its certificate is another authority's, has ended or not begun: look at the clocks"
_CLOCKS = "set the clocks of both machines by NTP: timedatectl says how far off each is"
_KEYS = "look at the file with the secret key: the store knows another"
_MENDING: Mapping[str, str] = {
    "InvalidAccessKeyId": _KEYS,
    "SignatureDoesNotMatch": _KEYS,
    SKEWED: _CLOCKS,
    "SSLError": UNTRUSTED,
}


def reason(error: Exception) -> str:
    """What the store, or TLS, said."""
    return REASONS.get(_code(error), str(error))


def mending(error: Exception, otherwise: str) -> str:
    """What would help; `otherwise` where its cause is none of the known ones."""
    return mending_what(_code(error), otherwise)


def mending_what(seen: str, otherwise: str) -> str:
    """The same of the code, or the error's class, alone."""
    return _MENDING.get(seen, otherwise)


def _code(error: Exception) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", ""))
    return type(error).__name__
