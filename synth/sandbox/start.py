"""The file that is started inside the sandbox, where nothing but the standard library can be imported yet."""

import sys

sys.path.insert(0, "/sandbox")

from synth.sandbox.inside import main

if __name__ == "__main__":
    main()
