"""A slot on this machine, without a container: `probe ASKED` says what is granted here, `keep PLAN` keeps one slot.

Standard library only; run by the interpreter that programs will run in. ASKED and PLAN are JSON.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "supervisor")]
    what, text = sys.argv[1:]
    if what == "probe":
        sys.path_importer_cache.clear()
        import probe

        probe.main(text)
    else:
        import keeper

        keeper.main(text)


main()
