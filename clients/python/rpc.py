"""The bare protocol, for what no client library does."""

import base64
import json
import os
import urllib.request

HTTP = os.environ["PLIMSOLL_HTTP"]


def _call(method, params, headers):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    headers = {"Content-Type": "application/json", **headers}
    request = urllib.request.Request(f"{HTTP}/api/v2", body.encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as reply:
        return json.load(reply)["result"]


def public(method, **params):
    """A call that anybody may make."""
    return _call(f"public/{method}", params, {})


def operator(method, **params):
    """A call with the operator's key, as no trader has it."""
    key = json.loads(os.environ["PLIMSOLL_OPERATOR"])
    login = base64.b64encode(f"{key['client_id']}:{key['client_secret']}".encode()).decode()
    return _call(f"operator/{method}", params, {"Authorization": f"Basic {login}"})
