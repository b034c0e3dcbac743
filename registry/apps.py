"""The registry app: which servers and items a security team approved."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """Registers the models of the catalogue."""

    name = "registry"
    verbose_name = "Registry"

    def ready(self) -> None:
        """Let governance look up the names of servers and tools, load the checks, and guard what a migrate leaves."""
        from governance import scope_names
        from registry import checks
        from registry.catalogue import tools_by_server

        scope_names.register(tools_by_server)
        checks.watch_migrations(self)
