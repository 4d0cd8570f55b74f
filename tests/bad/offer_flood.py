"""Many offers at once, from a process of its own: in the test's, they would hold up the canary and not the server.

python -m tests.bad.offer_flood URL COUNT       keys on standard input, one a line, used in turn; then the offer
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from itertools import cycle, islice
from urllib.parse import urlsplit

AT_A_TIME = 100
WITHIN_S = 60


def main() -> None:
    url, count = sys.argv[1], int(sys.argv[2])
    keys, _, offer = sys.stdin.read().partition("\n\n")
    parts = urlsplit(url)

    def ask(key: str) -> tuple[int, str, float]:
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=WITHIN_S)
        headers = {"Content-Type": "application/sdp", "Authorization": f"Bearer {key}"}
        began_s = time.monotonic()
        try:
            connection.request("POST", parts.path, offer, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status, answer.headers.get("Location", ""), time.monotonic() - began_s
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_A_TIME) as threads:
        answers = list(threads.map(ask, islice(cycle(keys.splitlines()), count)))
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
