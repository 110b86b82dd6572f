"""Every secret of a journey, made anew for it, so that none can be found anywhere by chance."""

import base64
import secrets
from dataclasses import dataclass, field


def _random(prefix: str = "") -> str:
    return prefix + secrets.token_hex(16)


@dataclass
class Credentials:
    """What the harness hands to Tenon, to the peers and to the journey."""

    api_key: str = field(default_factory=lambda: _random("ak_"))
    org_api_key: str = field(default_factory=lambda: _random("oak_"))
    master_key: str = field(default_factory=lambda: base64.b64encode(secrets.token_bytes(32)).decode())
    other_project_api_key: str = ""
    custom_client_id: str = "the-customers-own-app"
    custom_client_secret: str = field(default_factory=_random)
    managed_client_id: str = "the-operators-app"
    managed_client_secret: str = field(default_factory=_random)
    acme_key: str = field(default_factory=lambda: _random("acme_"))
    acme_token: str = field(default_factory=_random)
    acme_username: str = "coyote"
    # Characters that break naive building of a Basic header.
    acme_password: str = field(default_factory=lambda: _random("pä:ss/"))
    model_key: str = field(default_factory=_random)

    def oauth_clients(self) -> list[dict[str, str]]:
        return [
            {"id": self.custom_client_id, "secret": self.custom_client_secret, "method": "client_secret_post"},
            {"id": self.managed_client_id, "secret": self.managed_client_secret, "method": "client_secret_post"},
        ]

    def acme(self) -> dict[str, str]:
        return {
            "key": self.acme_key,
            "token": self.acme_token,
            "username": self.acme_username,
            "password": self.acme_password,
        }

    def known_only_to_the_harness(self) -> dict[str, str]:
        """Secrets that no peer reports, by what they are."""
        return {
            self.api_key: "project API key",
            self.org_api_key: "organisation API key",
            self.other_project_api_key: "second project's API key",
            self.master_key: "master key",
        }
