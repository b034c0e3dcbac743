"""Run a server over standard streams and log the calls it is sent: `python recorder.py LOG PROGRAM [argument …]`.

Each `tools/call` becomes one line of JSON in LOG, `{"name", "arguments"}`, before the program gets it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys


def main() -> int:
    """Pass standard input on line by line; the program writes to our standard output itself."""
    log = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE) as program:
        assert program.stdin is not None
        for line in sys.stdin.buffer:
            message = json.loads(line)
            if message.get("method") == "tools/call":
                call = {"name": message["params"]["name"], "arguments": message["params"].get("arguments", {})}
                os.write(log, json.dumps(call).encode() + b"\n")
            try:
                program.stdin.write(line)
                program.stdin.flush()
            except BrokenPipeError:
                break
        program.stdin.close()
        return program.wait()


if __name__ == "__main__":
    sys.exit(main())
