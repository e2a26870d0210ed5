"""SQS waits for messages without holding up the rest of the account.

Moto sleeps through a long poll, and every other call would wait for it. So it is asked for no wait
at all, again and again.
"""

from __future__ import annotations

import io
import json
from typing import Any

from reconciler.sandbox.server.wire import Answer

TARGET = "AmazonSQS.ReceiveMessage"
PAUSE_SECONDS = 0.1


def take_wait(environ: dict[str, Any]) -> float:
    """Read how long a request would wait for messages, in seconds, and take that from the
    request."""
    if environ.get("HTTP_X_AMZ_TARGET") != TARGET:
        return 0
    words = json.loads(environ["wsgi.input"].read() or b"{}")
    wait = float(words.get("WaitTimeSeconds", 0))
    body = json.dumps({**words, "WaitTimeSeconds": 0}).encode()
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    return wait


def has_message(answer: Answer) -> bool:
    """Tell whether there is no more reason to wait."""
    return answer.status != 200 or b'"Messages"' in answer.body
