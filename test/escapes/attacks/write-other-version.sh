#!/bin/sh
# Code for the next call of another function.
chmod u+w "$BAIT_VICTIM_FILE"
printf '\n// %s\n' "$BAIT_MARKER" >> "$BAIT_VICTIM_FILE"
