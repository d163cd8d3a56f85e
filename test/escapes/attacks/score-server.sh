#!/bin/sh
# Makes the server the first one to be killed when memory is short.
echo 777 > "/proc/$BAIT_SERVER_PID/oom_score_adj"
