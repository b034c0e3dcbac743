"""Read the run-time dependencies of the package from base.in, so that they are written down once."""

from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface


class CustomMetadataHook(MetadataHookInterface):
    """Fill `project.dependencies` from requirements/base.in."""

    def update(self, metadata: dict[str, object]) -> None:
        """Add one dependency per line that is not a comment."""
        lines = Path(self.root, "requirements", "base.in").read_text().splitlines()
        metadata["dependencies"] = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
