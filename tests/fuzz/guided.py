"""One target under atheris: `python -m tests.fuzz.guided TARGET FINDINGS_DIR [libFuzzer's options] CORPUS_DIR`.

A finding does not end the run: its input is written to FINDINGS_DIR under its SHA-256, once for each
place in the code, and the run goes on. What hangs or eats memory ends it; the campaign sees to that.
Needs atheris (requirements/fuzz.txt); everything else of the project does not.
"""

import importlib
import sys
import traceback
from hashlib import sha256
from pathlib import Path

import atheris

# Targets and the server's code; not the standard library, whose branches would drown ours.
INSTRUMENTED = ["media", "gateway.stream", "gateway.rtsp", "storage", "verifier", "tests.fuzz.targets"]


def main() -> None:
    name, folder, *options = sys.argv[1:]
    with atheris.instrument_imports(include=INSTRUMENTED):
        target = importlib.import_module(f"tests.fuzz.targets.{name}")
    seen: set[str] = set()

    def test_one_input(data: bytes) -> None:
        try:
            target.check(data)
        except Exception as error:  # noqa: BLE001  whatever escapes is the finding
            place = traceback.extract_tb(error.__traceback__)[-1]
            key = f"{type(error).__name__} {place.filename}:{place.lineno}"
            if key not in seen:
                seen.add(key)
                Path(folder).mkdir(parents=True, exist_ok=True)
                Path(folder, sha256(data).hexdigest()).write_bytes(data)
                print(f"FINDING {key}", flush=True)  # noqa: T201
                traceback.print_exc()

    atheris.Setup([sys.argv[0], *options], test_one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
