"""The claims: each promise of the source document, under a stable id.

The sentences are quoted from 苏政办发 (2015-03-19),《省政府办公厅关于推进智慧教育的实施意见》.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A promise, the sentence that makes it, and how it is proven."""

    id: str
    promise: str
    sentence: str
    proof: str


CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="fleet",
        promise="one main and 13 branch centers stand",
        sentence="全省范围内云计算数据中心规模扩展到一个主中心、多个分中心",
        proof="all stacks up, second preview empty, no drift",
    ),
    Claim(
        id="users",
        promise="200,000 concurrent users, in time and without error",
        sentence="省级平台支持20万并发用户",
        proof="a load run keeps every objective at 200,000 connected sessions, "
        "with a valid generator and reconciled counts",
    ),
    Claim(
        id="egress",
        promise="20 Gbps of Internet access is enough",
        sentence="互联网接入点带宽不小于20Gbps",
        proof="measured bytes per user × users within the budget, by hour and persona mix",
    ),
    Claim(
        id="storage",
        promise="PB-level public storage",
        sentence="公共存储点总容量达到PB级",
        proof="plan arithmetic checked against live pools; a lost host stays under the full ratio",
    ),
    Claim(
        id="backup",
        promise="data is backed up mutually between places",
        sentence="数据异地互相备份",
        proof="each data class restored from another site; RPO measured by probes",
    ),
    Claim(
        id="site-loss",
        promise="service goes on without any one site",
        sentence="保证运行安全、服务及时、应用有效",
        proof="a drill under load: RTO, errors, and N-1 placement by the real scheduler",
    ),
    Claim(
        id="compute",
        promise="computing resources are allocated and managed as one",
        sentence="计算资源统筹分配管理",
        proof="a batch of jobs lands across sites through one queue; quotas hold",
    ),
    Claim(
        id="tiers",
        promise="province, city, county and school are connected in four levels",
        sentence="省、市、县、校平台分级管理、互联互通",
        proof="every school resolves to a county, city and site; quota sums; reachability",
    ),
    Claim(
        id="resources",
        promise="teaching resources are physically spread over four levels, logically one",
        sentence="动态建设省、市、县、校四级物理分散、逻辑集中的省级教学资源中心",
        proof="one catalogue everywhere; what is stored at any site is read from the nearest copy",
    ),
    Claim(
        id="exchange",
        promise="seamless connection with the national education data center",
        sentence="实现与国家教育数据中心的无缝对接",
        proof="the exchange gateway keeps its contract against a stand-in",
    ),
    Claim(
        id="identity",
        promise="one electronic identity and unified authentication",
        sentence="建立电子身份及统一认证系统",
        proof="every entry refuses a caller without a token of the one realm",
    ),
    Claim(
        id="ipv6",
        promise="the backbone moves from IPv4 to IPv6",
        sentence="推进省级教育主干网络从IPv4到IPv6的升级平移",
        proof="each Service and Gateway is dual-stack; the load run has IPv6 sessions",
    ),
    Claim(
        id="security",
        promise="provincial information-security norms are kept",
        sentence="制定网络与信息安全建设管理规范，重视信息安全服务，建立全方位的安全保障体系",
        proof="GB/T 22239-2019 level 3: each machine-checkable clause holds or has a live waiver",
    ),
)
"""In the order in which reports show them."""


BY_ID = {claim.id: claim for claim in CLAIMS}
