"""How many files and sockets this process may have open.

Shells give 1,024 and allow far more to who asks. 200 devices with their segments are 600, and a
thousand viewers as many again.
"""

import resource

OPEN_FILES_MAX = 1 << 20  # where there is no hard limit, a number must be named


def raise_open_files_limit() -> int:
    """Raise the soft limit to the hard one; what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES_MAX if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
