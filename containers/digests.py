"""Pin every base image by its digest, as the registry has it now: `make digests`.

    python -m containers.digests

The engine pulls each image, says its digest, and that is written wherever the image is named: into
every file, or into none. Called again it renews them. Needs a Docker engine that reaches a registry
of images; without, nothing is written, and what is not pinned is named.
"""
# ruff: noqa: T201 - it reports to a terminal

import re
import shutil
import sys
from typing import Final

from containers.base_images import named, pin
from containers.engine import Failed, docker
from demo.places import ROOT

_DIGEST: Final = re.compile(r"^Digest: (sha256:[0-9a-f]{64})$", re.MULTILINE)


def main() -> None:
    before = {str(one): one for one in named(ROOT)}.values()
    try:
        digests = {image: digest_of(image) for image in sorted({one.image for one in before})}
        pin(ROOT, digests)
    except (Failed, OSError) as error:
        for one in before:
            print(f"{one}: {'stays as it is' if one.digest else 'not pinned'}")
        sys.exit(f"No digest was written. {error}")
    for image, digest in digests.items():
        was = {one.digest for one in before if one.image == image}
        done = "as before" if was == {digest} else "pinned" if "" in was else "renewed"
        print(f"{image}: {done}, {digest}")


def digest_of(image: str) -> str:
    """What the registry has under that name now. Raises Failed.

    The pull says it for all machines alike; what the engine kept of earlier pulls, or was made here
    under that name, says nothing of the registry.
    """
    if not shutil.which("docker"):
        raise Failed("There is no Docker engine here: run it where there is one.")
    said = _DIGEST.findall(docker("pull", image))
    if len(said) != 1:
        raise Failed(f"The engine pulled {image} and told no digest.")
    return str(said[0])


if __name__ == "__main__":
    main()
