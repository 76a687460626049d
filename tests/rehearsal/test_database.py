"""What the base database decides, reads and writes, without a server."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.plan.site import plan_site
from infra.plan.stateful import DatabasePlan
from processes.supervisor import Supervisor
from province.audience import Persona
from rehearsal.database import account as accounts
from rehearsal.database.account import account
from rehearsal.database.errors import DatabaseError, SplitBrainError
from rehearsal.database.holders import Holders, restores_off
from rehearsal.database.migrations import FOLDER, Migration, pending, read
from rehearsal.database.passwords import password_file, verifier
from rehearsal.database.people import name
from rehearsal.database.promotion import LAG_BYTES_MAX, Candidacy, require_promotable
from rehearsal.database.settings import HBA, LOWERED, Following, Settings
from rehearsal.database.standing import Standing
from rehearsal.pki import Authority, KeyPair
from rehearsal.place import Place
from tests import worlds
from tests.rehearsal.fake_s3 import FakeS3

SITES = ("main", "suzhou", "xuzhou")
BYTES = st.integers(min_value=0, max_value=2**40)


def plan(site: str) -> DatabasePlan:
    data = plan_site(worlds.small(), site, "rehearsal").data
    assert data is not None
    assert data.database is not None
    return data.database


def standing(site: str, written: int = 1000, *, leads: bool = False, timeline: int = 1) -> Standing:
    return Standing(
        site=site,
        leads=leads,
        streams=False,
        timeline=timeline,
        written=written,
        replayed=written,
        term=1,
        clock=0.0,
    )


def candidacy(*standings: Standing, **changes: object) -> Candidacy:
    values: dict[str, object] = {
        "site": "xuzhou",
        "leader": "main",
        "is_leader_alive": False,
        "standings": standings,
        "replicas": 2,
        "confirming": 1,
        "written_last": 1000,
    }
    return Candidacy(**{**values, **changes})  # type: ignore[arg-type]  # fields by name


def test_the_furthest_of_all_that_are_needed_is_promoted() -> None:
    chosen = require_promotable(candidacy(standing("xuzhou"), standing("suzhou", 900)))
    assert chosen.site == "xuzhou"


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        (candidacy(standing("xuzhou"), is_leader_alive=True), "main may still take writes"),
        (candidacy(standing("xuzhou"), standing("main", leads=True)), "main may still take"),
        (candidacy(standing("suzhou")), "xuzhou does not answer"),
        (candidacy(standing("xuzhou")), "1 of 2 replicas answer, and 2 are needed"),
        (candidacy(standing("xuzhou", 900), standing("suzhou")), "100 bytes behind suzhou"),
        (
            candidacy(standing("xuzhou", 2000), standing("suzhou", timeline=2)),
            "timeline 1, there 2",
        ),
        (candidacy(standing("xuzhou", leads=True), standing("suzhou")), "leads already"),
        (
            candidacy(standing("xuzhou"), confirming=0, written_last=1001 + LAG_BYTES_MAX),
            "where main was last seen",
        ),
    ],
)
def test_a_promotion_is_refused_with_its_reason(refused: Candidacy, reason: str) -> None:
    with pytest.raises(DatabaseError, match=reason) as error:
        require_promotable(refused)
    assert error.value.hint


def test_two_that_lead_are_a_split_brain_whoever_is_asked_for() -> None:
    two = candidacy(standing("main", leads=True), standing("xuzhou", leads=True, timeline=2))
    with pytest.raises(SplitBrainError, match="two take writes") as error:
        require_promotable(two)
    assert "fence main" in error.value.hint


@given(st.lists(BYTES, min_size=2, max_size=5), st.data())
def test_no_confirmed_commit_is_lost_by_a_promotion(
    written: list[int], data: st.DataObject
) -> None:
    """A commit that any W of N have is known to whoever may be promoted, whoever is silent."""
    confirming = data.draw(st.integers(min_value=1, max_value=len(written)))
    confirmed = sorted(written, reverse=True)[confirming - 1]
    answering = data.draw(st.sets(st.sampled_from(range(len(written))), min_size=1))
    site = str(data.draw(st.sampled_from(sorted(answering))))
    asked = candidacy(
        *(standing(str(number), written[number]) for number in answering),
        site=site,
        replicas=len(written),
        confirming=confirming,
        written_last=None,
    )
    try:
        chosen = require_promotable(asked)
    except DatabaseError:
        return
    assert chosen.written >= confirmed


def test_what_is_the_plans_is_in_the_configuration_but_for_what_one_machine_cannot_bear() -> None:
    planned = plan("main")
    text = settings(planned).render()
    for parameter, value in planned.parameters.items():
        assert f"{parameter} = '{LOWERED.get(parameter, value)}'\n" in text
    assert "ssl_min_protocol_version = 'TLSv1.3'\n" in text
    assert "unix_socket_directories = ''\n" in text
    assert planned.synchronous.clusters == ("base-suzhou", "base-xuzhou")


def test_nobody_comes_in_without_tls_and_a_password() -> None:
    lines = [line.split() for line in HBA.splitlines()]
    assert {line[0] for line in lines if line[-1] != "reject"} == {"hostssl"}
    assert {line[-1] for line in lines} == {"scram-sha-256", "reject"}
    conninfo = settings(plan("main")).following
    assert conninfo is not None
    assert "sslmode='verify-full'" in conninfo.conninfo
    assert "password=" not in conninfo.conninfo


def settings(planned: DatabasePlan) -> Settings:
    folder = Path("/somewhere")
    return Settings(
        plan=planned,
        folder=folder,
        address="127.82.1.1",
        port=5432,
        keys=KeyPair(certificate=folder / "crt", key=folder / "key"),
        ca_file=folder / "ca",
        following=Following(
            host="127.82.2.1",
            port=5432,
            application=planned.name,
            ca_file=folder / "ca",
            pass_file=folder / "pgpass",
        ),
    )


def test_the_password_verifier_is_that_of_rfc_7677() -> None:
    """With its server key, the server signs the RFC's own conversation as the RFC says."""
    nonce = "rOprNGfwEbeRWgbNEkqO"
    both = f"{nonce}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    salt = "W22ZaJ0SNY7soEsUEjb6gQ=="
    conversation = f"n=user,r={nonce},r={both},s={salt},i=4096,c=biws,r={both}"
    scheme, begin, keys = verifier("pencil", b64decode(salt)).split("$")
    signature = hmac.digest(b64decode(keys.split(":")[1]), conversation.encode(), "sha256")
    assert (scheme, begin) == ("SCRAM-SHA-256", f"4096:{salt}")
    assert b64encode(signature) == b"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def test_a_password_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    file = password_file(tmp_path / "passwords", "suyun_app")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text() == password_file(tmp_path / "passwords", "suyun_app").read_text()
    assert len(file.read_text()) >= 32


def test_migrations_are_numbered_without_gaps(tmp_path: Path) -> None:
    assert [step.number for step in read()] == list(range(1, len(list(FOLDER.iterdir())) + 1))
    (tmp_path / "0002_second.sql").write_text("SELECT 1")
    with pytest.raises(DatabaseError, match="migration 0001 is missing"):
        read(tmp_path)
    (tmp_path / "first.sql").write_text("SELECT 1")
    with pytest.raises(DatabaseError, match=r"first\.sql is no name"):
        read(tmp_path)


@given(st.integers(min_value=0, max_value=5), st.integers(min_value=0, max_value=5))
def test_what_is_applied_is_not_applied_again(there: int, applied: int) -> None:
    steps = [Migration(number=n, name=str(n), sql="", sha256=str(n)) for n in range(1, there + 1)]
    known = [(number, str(number)) for number in range(1, applied + 1)]
    if applied > there:
        with pytest.raises(DatabaseError, match="is not what was applied"):
            pending(steps, known)
    else:
        assert [step.number for step in pending(steps, known)] == list(
            range(applied + 1, there + 1)
        )


def test_a_migration_that_was_changed_after_it_was_applied_is_refused() -> None:
    step = Migration(number=1, name="1", sql="", sha256="new")
    with pytest.raises(DatabaseError, match="migration 0001 is not what was applied"):
        pending([step], [(1, "old")])


def test_names_are_always_the_same_and_short() -> None:
    names = [name(f"suzhou-{Persona.STUDENT}-{number:06d}") for number in range(500)]
    assert {len(one) for one in names} == {2, 3}
    assert len(set(names)) > 300
    assert names[7] == name(f"suzhou-{Persona.STUDENT}-000007")


def test_without_the_packages_user_it_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(accounts.os, "geteuid", lambda: 0)
    monkeypatch.setattr(accounts, "USER", "nobody-has-this-name")
    with pytest.raises(DatabaseError, match="does not run as root") as error:
        account()
    assert "postgresql-15" in error.value.hint


@pytest.fixture
def holders(tmp_path: Path) -> Holders:
    authority = Authority.create(tmp_path / "pki", "test")
    store = FakeS3(folder=tmp_path, authority=authority, address="127.82.9.2")
    holders = Holders(
        folder=tmp_path / "database",
        supervisor=Supervisor(tmp_path / "owner"),
        plans={site: plan(site) for site in SITES},
        places=[Place(site=site, address="127.82.9.3") for site in SITES],
        authority=authority,
        programs={},
        archive=dict.fromkeys(SITES, store),
    )
    holders.prepare()
    return holders


def test_while_the_lead_changes_hands_no_archive_is_asked_and_then_again(holders: Holders) -> None:
    files = [restores_off(holders.archive_config(site)) for site in SITES]

    def nobody_may_be_promoted() -> None:
        with holders.without_archives():
            assert all(file.is_file() for file in files)
            raise DatabaseError("nobody may be promoted", "")

    with pytest.raises(DatabaseError):
        nobody_may_be_promoted()
    assert not any(file.exists() for file in files)


def test_wal_is_taken_from_the_archives_of_those_alone_who_have_led(holders: Holders) -> None:
    assert [source.cluster for source in holders.sources()] == ["base-main"]
    for site in ("main", "xuzhou"):
        holders.lead(site)
    assert holders.primary == "xuzhou"
    assert [source.cluster for source in holders.sources()] == ["base-xuzhou", "base-main"]
    assert [source.cluster for source in holders.sources(("main",))] == ["base-main"]
    said = holders.archive_config("suzhou").read_text()
    assert said.count('"cluster": "base-xuzhou"') == 1
    assert "never checked" not in said  # the secret itself


def test_no_password_and_no_key_is_in_what_servers_are_started_with(holders: Holders) -> None:
    shown = holders.settings("xuzhou").render()
    for password in holders.passwords().values():
        assert password not in shown
    assert "never checked" not in shown


def test_a_program_that_is_missing_is_named_with_the_command_that_mends_it(
    holders: Holders,
) -> None:
    with pytest.raises(DatabaseError, match="initdb of postgresql-15 is not installed") as error:
        holders.server("main").program("initdb")
    assert "postgresql-15" in error.value.hint


def test_commits_are_confirmed_by_any_one_of_the_other_sites(holders: Holders) -> None:
    assert holders.settings("main").standbys == 'ANY 1 ("base-suzhou", "base-xuzhou")'
    assert holders.settings("main", is_confirmed=False).standbys == ""
    planned = replace(plan("main"), synchronous=replace(plan("main").synchronous, number=0))
    holders.plans["main"] = planned
    assert holders.settings("main").standbys == ""
