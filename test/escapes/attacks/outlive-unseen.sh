#!/bin/sh
# A daemon that takes nothing with it by which it could be found: no group, no parent, no environment, no descriptors.
setsid env -i /bin/sh -c 'sleep 600 & exec sleep 600' > /dev/null 2>&1 < /dev/null &
setsid env -i /bin/sh -c 'sleep 600; :' "$BAIT_MARKER" > /dev/null 2>&1 < /dev/null 3>&- 4>&- &
sleep 0.3
