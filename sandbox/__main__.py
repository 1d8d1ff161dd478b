"""`python -m sandbox`: run the simulated Spine, PDS and practices on this machine."""

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from sandbox import clock, london
from sandbox.server import Settings, serve


def main() -> None:
    """Read the command line and serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="directory of the lasting state")
    parser.add_argument("--certificates", type=Path, required=True, help="server, CA and PDS keys")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address of the SSP, SDS (both doors) and PDS"
    )
    parser.add_argument(
        "--control-host", default="127.0.0.1", help="address of the control; it asks nobody who"
    )
    for listener in ("ssp", "services", "ldap", "control"):
        parser.add_argument(f"--{listener}-port", type=int, default=0, help="0 for a free one")
    parser.add_argument("--seed", type=int, default=1, help="makes other people and calendars")
    parser.add_argument(
        "--now", type=london.read_date_time, help="begin at yyyy-mm-ddThh:mm:ss+hh:mm"
    )
    arguments = parser.parse_args()
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(message)s"
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    given = vars(arguments)
    if (now := given.pop("now")) is not None:
        clock.set_to(now)
    asyncio.run(serve(Settings(**given)))


if __name__ == "__main__":
    main()
