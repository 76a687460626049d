"""A branch is a row of data: one is added to the real province, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.plan.fleet import plan_fleet
from infra.plan.values import FleetPlan
from province.province import Province
from province.reader import read
from release.cli import main
from tests import worlds

_ROW = """
  - id: xinpu
    role: branch
    name: 新浦分中心
    pinyin: Xinpu Fenzhongxin
    prefecture: xinpu
    code: "321400"
    prefixes: {ipv4: 10.112.0.0/13, ipv6: "fd7c:41d9:e60e::/48"}
    zones: *zones
    nodes: [*control, *platform_small, *edge_branch, *storage_branch]
    backup_partner: main
    uplink_gbps: 40
    users_concurrent: 5000
    takeover_users: 10700
    audience:
      population: {value: 1000000, assumption: a prefecture made up for this test}
      students: {value: 160000, assumption: *students}
      teachers: {value: 11429, assumption: *teachers}
      schools: {value: 166, assumption: *schools}
    counties:
      - {id: xinpu-gang, name: 港区, pinyin: Gang Qu, code: "321402", schools: 166}
"""
_TOLD = {"taizhou", "main"}
"""Who may hear of it: taizhou, whose copies went to main until now (two words in its row close
the ring again), and main, where all clusters are known."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    text = worlds.PROVINCE_FILE.read_text("utf-8")
    assert text.count("backup_partner: main\n") == 1
    moved = "backup_partner: xinpu\n    former_partner: main\n"
    closed = text.replace("backup_partner: main\n", moved)
    path = tmp_path / "province.yaml"
    path.write_text(closed.rstrip() + _ROW, "utf-8")
    return path


def test_one_row_more_gives_one_plan_more_and_leaves_all_others(file: Path) -> None:
    before, after = _plans(worlds.province()), _plans(read(file))
    assert after.sites[-1].stack == "production.xinpu"
    assert len(after.sites) == len(before.sites) + 1
    changed = [plan.site for plan in before.sites if after.site(plan.site) != plan]
    assert set(changed) <= _TOLD


def test_the_new_branch_is_told_like_any_other(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", "--province", str(file), "--site", "xinpu"]) == 0
    assert "5,000 users of xinpu at once" in capsys.readouterr().out


def test_a_row_that_asks_too_much_of_its_partner_is_named(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(file.read_text("utf-8").replace("concurrent: 5000", "concurrent: 12000"))
    assert main(["plan", "--province", str(file)]) == 3
    told = capsys.readouterr().err
    assert "sites.main.takeover_users: 10700, but xinpu, which it backs up, has 12000" in told
    assert "write takeover_users: 12000" in told


def _plans(province: Province) -> FleetPlan:
    return plan_fleet(province, "production")
