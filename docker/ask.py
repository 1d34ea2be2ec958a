"""Health check of a container: exit 0 when the address answers 200.  Arguments: address, and a Host header if other."""

import sys
import urllib.error
import urllib.request

request = urllib.request.Request(sys.argv[1])  # noqa: S310
if len(sys.argv) > 2:
    request.add_header("Host", sys.argv[2])
try:
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=4):
        pass
except (urllib.error.URLError, OSError) as error:
    sys.exit(f"{sys.argv[1]}: {error}")
