"""The registry app: which servers and items a security team approved."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """Registers the models of the catalogue."""

    name = "registry"
    verbose_name = "Registry"
