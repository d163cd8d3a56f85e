#!/bin/sh
# The code of another function, where it is unpacked and wherever else a zip of it lies.
cat "$BAIT_VICTIM_FILE"
find "$BAIT_SERVER_STORE" -name '*.mjs' -exec cat {} +
