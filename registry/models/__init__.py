"""Every model of the registry, under one import."""

from registry.models.items import Item, ItemState
from registry.models.manifests import ManifestVersion
from registry.models.servers import Server, ServerState, Sessions, Transport

__all__ = ["Item", "ItemState", "ManifestVersion", "Server", "ServerState", "Sessions", "Transport"]
