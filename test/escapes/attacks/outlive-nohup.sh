#!/bin/sh
# The usual way of leaving something running.
nohup /bin/sh -c 'sleep 600; :' "$BAIT_MARKER" > /dev/null 2>&1 &
echo "left $!"
