"""The exchange gateway: the platform hands it records, it hands them on to the national center.

It is nginx with a configuration made here. Both sides of the way out show a certificate: the
national center's is checked against the authority in the Secret, ours comes from there too.
"""

from __future__ import annotations

from infra.plan.values import MountPlan, ServicePlan, WorkloadPlan
from infra.plan.workloads import priority_of
from province.center import NationalCenter
from province.platform import Tier
from province.province import Province

CERTIFICATES = "/run/exchange"
"""Where the Secret is: `tls.crt`, `tls.key` and the national center's authority, `ca.crt`."""
_NAME = "exchange-gateway"
_NAMESPACE = "exchange"
_CERTIFICATES_SECRET = "exchange-client-tls"  # noqa: S105 - the name of a Secret, not one
_FILES = "exchange"
_PORT = 8080
_HEALTH_PORT = 8081
_BODY_MIB_MAX = 64
_CPU_TARGET_PERCENT = 60


def plan_exchange(province: Province) -> ServicePlan:
    """The gateway, with its configuration."""
    service = province.center.exchange
    return ServicePlan(
        name=_FILES,
        files=(("nginx.conf", nginx_configuration(service.national)),),
        workload=WorkloadPlan(
            name=_NAME,
            namespace=_NAMESPACE,
            tier=Tier.PROVINCE,
            image=service.image,
            port=_PORT,
            service_account=_NAME,
            replicas=service.replicas,
            replicas_max=service.replicas_max,
            available_min=service.replicas - 1,
            cpu_target_percent=_CPU_TARGET_PERCENT,
            requests=service.requests,
            limits=service.limits,
            priority_class=priority_of(Tier.PROVINCE),
            path_prefixes=(),
            health_port=_HEALTH_PORT,
            arguments=("nginx", "-c", "/etc/exchange/nginx.conf", "-g", "daemon off;"),
            mounts=(
                MountPlan(name=_FILES, path="/etc/exchange"),
                MountPlan(name=_CERTIFICATES_SECRET, path=CERTIFICATES, secret=True),
            ),
        ),
    )


def nginx_configuration(
    national: NationalCenter,
    *,
    certificates: str = CERTIFICATES,
    temporary: str = "/tmp",  # noqa: S108 - in the container, where nothing else may be written
) -> str:
    """The configuration of nginx; what may be written goes to `temporary`.

    A request that may already have been taken is never sent again by nginx (`non_idempotent` is
    left out): whoever hands the record over repeats it, by its own number.
    """
    upstream = f"https://{national.host}:{national.port}"
    return f"""\
pid {temporary}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
    access_log /dev/stdout;
    client_body_temp_path {temporary}/body;
    proxy_temp_path {temporary}/proxy;
    fastcgi_temp_path {temporary}/fastcgi;
    uwsgi_temp_path {temporary}/uwsgi;
    scgi_temp_path {temporary}/scgi;
    server_tokens off;
    server {{
        listen {_PORT};
        listen [::]:{_PORT};
        client_max_body_size {_BODY_MIB_MAX}m;
        location / {{
            proxy_pass {upstream};
            proxy_http_version 1.1;
            proxy_set_header Host {national.host};
            proxy_set_header Connection "";
            proxy_connect_timeout 5s;
            proxy_next_upstream error timeout;
            proxy_ssl_server_name on;
            proxy_ssl_name {national.host};
            proxy_ssl_protocols TLSv1.2 TLSv1.3;
            proxy_ssl_verify on;
            proxy_ssl_verify_depth 3;
            proxy_ssl_trusted_certificate {certificates}/ca.crt;
            proxy_ssl_certificate {certificates}/tls.crt;
            proxy_ssl_certificate_key {certificates}/tls.key;
        }}
    }}
    server {{
        listen {_HEALTH_PORT};
        listen [::]:{_HEALTH_PORT};
        access_log off;
        location /healthz/ {{ return 200; }}
        location / {{ return 404; }}
    }}
}}
"""
