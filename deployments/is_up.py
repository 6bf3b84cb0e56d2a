"""Ask whether a service answers: ``python deployments/is_up.py URL``; exit code 0 if it does."""

import sys
import urllib.error
import urllib.request

try:
    urllib.request.urlopen(sys.argv[1], timeout=5).close()  # noqa: S310 — our own address
except (OSError, urllib.error.URLError) as error:
    sys.exit(f"{sys.argv[1]}: {error}")
