"""The registry app: which servers and items a security team approved."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """Registers the models of the catalogue."""

    name = "registry"
    verbose_name = "Registry"

    def ready(self) -> None:
        """Let governance look up the names of servers and tools, which it knows nothing else of."""
        from governance import scope_names
        from registry.catalogue import tools_by_server

        scope_names.register(tools_by_server)
