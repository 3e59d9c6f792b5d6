"""The way from the containers to the OpenStack of ../shared/openstack, which is forwarded on this computer's own 127.0.0.1.

Its catalogue says 127.0.0.1, which is the container itself to whoever reads it there. So clouds.yaml says where each service is instead,
as a site does whose catalogue has addresses that the portal cannot reach.
"""

from tests.production.docker_engine import HOST

ENDPOINTS = {
    "identity": "5000/v3", "compute": "8774/v2.1", "image": "9292", "network": "9696", "placement": "8778",
}  # fmt: skip


def clouds_yaml() -> str:
    lines = [f"    {service}_endpoint_override: http://{HOST}:{place}" for service, place in ENDPOINTS.items()]
    return "\n".join(
        [
            "clouds:",
            "  minga:",
            "    region_name: RegionOne",
            "    auth:",
            f"      auth_url: http://{HOST}:5000/v3",
            "      username: portal",
            "      password: labcloud",
            "      project_name: portal",
            "      user_domain_id: default",
            "      project_domain_id: default",
            *lines,
            "",
        ]
    )
