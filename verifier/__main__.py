"""`python -m verifier BUNDLE.zip`, and what `python verify.pyz BUNDLE.zip` runs."""

import sys

from verifier.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
