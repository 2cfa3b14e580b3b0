"""What `start_world` runs: `python -m convoy.cluster.supervisor LISTENER LIFELINE LOCK STATE_DIR`."""

import sys

from convoy.cluster.world.keeper import main

sys.exit(main(sys.argv[1:]))
