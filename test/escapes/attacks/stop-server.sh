#!/bin/sh
# Holds the server.
kill -STOP "$BAIT_SERVER_PID"
