"""Who is in the console's tests, by short name, with their console roles."""

ROLE_SETS = {
    "admin": ["security-admin"],
    "approver": ["approver"],
    "second": ["approver"],
    "auditor": ["auditor"],
    "author": ["policy-author"],
    "owner": ["server-owner"],
    "developer": ["developer"],
    "nobody": [],
}
