#!/bin/sh
# Code for the next call of another function.
printf '\n// %s\n' "$BAIT_MARKER" >> "$BAIT_VICTIM_FILE"
