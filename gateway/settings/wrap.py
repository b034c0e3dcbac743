"""`gatehouse wrap`: one server and one person on loopback, SQLite below the data folder. Only that program names it.

The program takes the variables of other databases and modes away first, since they are the wrapped server's matter.
"""

from hashlib import sha256

from gateway.settings.demo import *

GATEHOUSE_MODE = "wrap"
# What its client gave the entry was meant for the wrapped server, which would have got all of it.
CHILD_INHERITS = tuple(name for name in PROCESS_ENVIRONMENT if not name.startswith("GATEHOUSE_"))
# Cookies know no ports: wrappers that run side by side must not sign each other's person out.
_PLACE = sha256(str(DATA_DIR).encode()).hexdigest()[:8]
SESSION_COOKIE_NAME = f"gatehouse_session_{_PLACE}"
CSRF_COOKIE_NAME = f"gatehouse_csrf_{_PLACE}"
LOGGING = {**LOGGING, "loggers": {**LOGGING["loggers"], "gatehouse": {"level": "WARNING"}}}
