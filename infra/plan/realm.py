"""The one realm as code: Keycloak's realm file, made from the province. It holds no secret.

Clients are public and prove themselves by PKCE; groups are those that `infra.plan.access` gives
rights to. Every account that is made has to set up a second factor at its first login; pupils'
accounts come from the base database by an import of their own, which leaves that out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from infra.plan.access import ADMINISTRATORS, administrator_group, tier_group
from province.platform import Tier
from province.province import Province

REALM = "suyun"
ROLES = {
    "student": "pupils and students",
    "teacher": "teachers",
    "school-administrator": "the desk of a school",
    "county-administrator": "the desk of a county's education bureau",
    "city-administrator": "the desk of a city's education bureau",
    "province-administrator": "the desk of the province's department of education",
}
"""What a person is on the platform, by tier."""
FAILURES_MAX = 5
COMPLEXITY = (
    "length(12) and digits(1) and lowerCase(1) and upperCase(1) and specialChars(1) "
    "and notUsername(undefined) and passwordHistory(5) and forceExpiredPasswordChange(90)"
)
"""GB/T 22239-2019 8.1.4.1: complex, and changed regularly."""
EVENTS_SECONDS = 180 * 24 * 3600
"""Six months, as the Cybersecurity Law's article 21 wants logs kept."""


def realm_json(province: Province) -> str:
    """The realm file's text. Equal provinces give equal text."""
    return json.dumps(_realm(province), ensure_ascii=False, indent=1, sort_keys=True)


def _realm(province: Province) -> Mapping[str, object]:
    return {
        "realm": REALM,
        "displayName": f"{province.name}教育云",
        "enabled": True,
        "sslRequired": "all",
        "registrationAllowed": False,
        "rememberMe": False,
        "editUsernameAllowed": False,
        **_lock(),
        **_second_factor(),
        "passwordPolicy": COMPLEXITY,
        "accessTokenLifespan": 300,
        "ssoSessionIdleTimeout": 1800,
        "ssoSessionMaxLifespan": 36000,
        "eventsEnabled": True,
        "eventsExpiration": EVENTS_SECONDS,
        "adminEventsEnabled": True,
        "adminEventsDetailsEnabled": True,
        "roles": {"realm": [{"name": n, "description": text} for n, text in ROLES.items()]},
        "groups": [{"name": name} for name in groups(province)],
        "clients": [_platform(province), _kubernetes()],
    }


def groups(province: Province) -> Iterator[str]:
    """Every group that is given rights anywhere: three administrators, then the tiers."""
    yield from map(administrator_group, ADMINISTRATORS)
    yield tier_group(Tier.PROVINCE)
    for site in province.branches:
        yield tier_group(Tier.CITY, site.id)
        yield from (tier_group(Tier.COUNTY, county.id) for county in site.counties)
        yield tier_group(Tier.SCHOOL, site.id)


def _lock() -> Mapping[str, object]:
    """After five failures a minute's wait, growing to a quarter of an hour."""
    return {
        "bruteForceProtected": True,
        "permanentLockout": False,
        "failureFactor": FAILURES_MAX,
        "waitIncrementSeconds": 60,
        "maxFailureWaitSeconds": 900,
        "maxDeltaTimeSeconds": 43200,
        "quickLoginCheckMilliSeconds": 1000,
        "minimumQuickLoginWaitSeconds": 60,
    }


def _second_factor() -> Mapping[str, object]:
    return {
        "otpPolicyType": "totp",
        "otpPolicyAlgorithm": "HmacSHA256",
        "otpPolicyDigits": 6,
        "otpPolicyPeriod": 30,
        "requiredActions": [
            _action("CONFIGURE_TOTP", "Configure OTP", 10, default=True),
            _action("UPDATE_PASSWORD", "Update Password", 20, default=False),
            _action("UPDATE_PROFILE", "Update Profile", 30, default=False),
        ],
    }


def _action(alias: str, name: str, priority: int, *, default: bool) -> Mapping[str, object]:
    return {
        "alias": alias,
        "providerId": alias,
        "name": name,
        "enabled": True,
        "defaultAction": default,
        "priority": priority,
        "config": {},
    }


def _platform(province: Province) -> Mapping[str, object]:
    """The platform's pages at every site: one token is good at all of them."""
    origins = [f"https://{site.id}.{province.platform.domain}" for site in province.sites]
    return {
        **_public("platform"),
        "redirectUris": [f"{origin}/*" for origin in origins],
        "webOrigins": origins,
    }


def _kubernetes() -> Mapping[str, object]:
    """The API servers' client: `kubectl` logs in by a browser of the same machine."""
    mapper = {
        "name": "groups",
        "protocol": "openid-connect",
        "protocolMapper": "oidc-group-membership-mapper",
        "config": {
            "claim.name": "groups",
            "full.path": "false",
            "id.token.claim": "true",
            "access.token.claim": "true",
            "userinfo.token.claim": "true",
        },
    }
    return {
        **_public("kubernetes"),
        "redirectUris": ["http://localhost:8000/*"],
        "protocolMappers": [mapper],
    }


def _public(client: str) -> Mapping[str, object]:
    return {
        "clientId": client,
        "protocol": "openid-connect",
        "enabled": True,
        "publicClient": True,
        "standardFlowEnabled": True,
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "serviceAccountsEnabled": False,
        "attributes": {"pkce.code.challenge.method": "S256"},
    }
