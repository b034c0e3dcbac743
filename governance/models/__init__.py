"""Every model of governance, under one import."""

from governance.models.access import DataRole
from governance.models.agents import Agent, AgentToken, PersonToken
from governance.models.escalations import Escalation, Vote
from governance.models.generation import Generation, Part, Revocation
from governance.models.ledger import LedgerEntry, LedgerStream
from governance.models.notices import Notice
from governance.models.oauth import OAuthConsent, OAuthFamily, OAuthRefresh, OAuthRegistration
from governance.models.people import ConsoleRole, Person, SignInLink, Team
from governance.models.policies import PolicyVersion
from governance.models.secrets import Secret
from governance.models.switches import ReleaseVote, Switch
from governance.models.usage import Usage

__all__ = [
    "Agent",
    "AgentToken",
    "ConsoleRole",
    "DataRole",
    "Escalation",
    "Generation",
    "LedgerEntry",
    "LedgerStream",
    "Notice",
    "OAuthConsent",
    "OAuthFamily",
    "OAuthRefresh",
    "OAuthRegistration",
    "Part",
    "Person",
    "PersonToken",
    "PolicyVersion",
    "ReleaseVote",
    "Revocation",
    "Secret",
    "SignInLink",
    "Switch",
    "Team",
    "Usage",
    "Vote",
]
