import os
import site
import sys


def main(bait, context):
    """Code that the next worker would load at its start."""
    if bait["call"] == 2:
        return [os.environ.get("PRELOADED"), "usercustomize" in sys.modules, "sitecustomize" in sys.modules and sys.modules["sitecustomize"].__file__]
    code = f"import os\nos.environ['PRELOADED'] = {bait['marker']!r}\n"
    folder = site.getusersitepackages()
    for place in (folder, os.environ["HOME"], "/tmp"):
        os.makedirs(place, exist_ok=True)
        for name in ("usercustomize.py", "sitecustomize.py", "json.py" if place != "/tmp" else bait["marker"]):
            try:
                with open(os.path.join(place, name), "x") as file:
                    file.write(code if place != "/tmp" or name == bait["marker"] else "")
            except OSError:
                continue
            if place == "/tmp":
                os.remove(os.path.join(place, name))
    return "written"
