#!/bin/sh
# The key that all secrets are sealed with.
sha256sum < "$BAIT_SERVER_DATA/secret-key"
