#!/usr/bin/env python
"""Django's command line for the booking portal.

Where DJANGO_SETTINGS_MODULE is not set, it joins this clone's running demo.
"""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    if "DJANGO_SETTINGS_MODULE" not in os.environ:
        from demo import running

        running.join()
    execute_from_command_line(sys.argv)
