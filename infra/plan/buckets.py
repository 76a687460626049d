"""Where a site's data is copied to: the object store of its partner on the ring."""

from __future__ import annotations

from infra.plan.stateful import BucketPlan
from province.province import Province
from province.sites import Site


def bucket(province: Province, site: Site, name: str, at: str | None = None) -> BucketPlan:
    """The bucket `<name>-<site>` at the site's backup partner, or the one that it had before."""
    partner = province.site(at or site.backup_partner)
    return BucketPlan(
        site=site.id,
        prefecture=site.prefecture,
        kept_at=partner.id,
        kept_in=partner.prefecture,
        endpoint=f"https://objects.{partner.id}.{province.platform.domain}",
        bucket=f"{name}-{site.id}",
        secret=f"objects-{partner.id}",
    )


def wards(province: Province, site: Site) -> tuple[Site, ...]:
    """The sites whose copies this one keeps."""
    return tuple(other for other in province.sites if other.backup_partner == site.id)
