"""The gateway app: the proxy, and where everything is put together. It has no models."""

from django.apps import AppConfig


class GatewayConfig(AppConfig):
    """Registers the system checks that judge the settings."""

    name = "gateway"
    verbose_name = "Gateway"

    def ready(self) -> None:
        """Load the system checks."""
        from gateway import checks  # noqa: F401
