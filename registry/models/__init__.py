"""Every model of the registry, under one import."""

from registry.models.items import Item, ItemState, ItemVote
from registry.models.manifests import Baseline, ManifestVersion
from registry.models.requests import (
    DataClass,
    RequestEvent,
    RequestItem,
    RequestParty,
    RequestState,
    RequestVote,
    ServerRequest,
)
from registry.models.scans import ScanRun, ScanState, StoredFinding
from registry.models.servers import Environment, Server, ServerState, Sessions, Transport

__all__ = [
    "Baseline",
    "DataClass",
    "Environment",
    "Item",
    "ItemState",
    "ItemVote",
    "ManifestVersion",
    "RequestEvent",
    "RequestItem",
    "RequestParty",
    "RequestState",
    "RequestVote",
    "ScanRun",
    "ScanState",
    "Server",
    "ServerRequest",
    "ServerState",
    "Sessions",
    "StoredFinding",
    "Transport",
]
