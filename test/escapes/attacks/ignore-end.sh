#!/bin/sh
# Told to end, it goes on; and so does what it started.
trap 'echo still here' TERM INT HUP
/bin/sh -c 'trap "" TERM; while :; do sleep 1; done' "$BAIT_MARKER" &
while :; do sleep 1; done
