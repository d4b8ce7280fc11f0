#!/bin/sh
# Starts a peer that comes back: the same command for systemd, containers and Kubernetes.
#
#   GRAPEVINE_RUN    run directory, kept over restarts: identity, swarm, checkpoints
#   GRAPEVINE_FIRST  flags of the first start alone: --create ..., --invite FILE or --join MULTIADDR
#   GRAPEVINE_FLAGS  flags of every start: --listen, --announce, --relay, --health-port
#
# Words in the last two are split at blanks, as a shell does.
set -eu
: "${GRAPEVINE_RUN:?the run directory, for instance /var/lib/grapevine/run}"
first=${GRAPEVINE_FIRST:-}
if [ -e "$GRAPEVINE_RUN/swarm.json" ]; then first=; fi
# shellcheck disable=SC2086
exec grapevine peer --out "$GRAPEVINE_RUN" ${GRAPEVINE_FLAGS:-} $first
