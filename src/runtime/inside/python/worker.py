"""Python worker of Laneway: serves runs to the server that started it. Standard library only, Python 3.9 and later."""

import os
import sys

_here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, _here)

from laneway_worker.serve import serve  # noqa: E402

# A function's own modules come first, whatever they are called.
sys.path.remove(_here)
serve()
