#!/bin/sh
# Where in its memory the server has what.
grep -F '[stack]' "/proc/$BAIT_SERVER_PID/maps"
