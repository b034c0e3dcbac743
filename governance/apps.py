"""The governance app: rules, people and evidence."""

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    """Registers the models, the system checks and the triggers check of the ledger."""

    name = "governance"
    verbose_name = "Governance"

    def ready(self) -> None:
        """Load the system checks, and assert the ledger's triggers after every migrate."""
        from governance import checks

        checks.watch_migrations(self)
