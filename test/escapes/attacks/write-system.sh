#!/bin/sh
# A file among the machine's settings.
printf %s "$BAIT_MARKER" > "/etc/$BAIT_MARKER"
