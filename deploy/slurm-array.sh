#!/bin/bash
# An experiment as a Slurm job array: each task runs its share of the cells, all in one directory.
#
#     sbatch --array=1-8 deploy/slurm-array.sh experiments/quadratic.yaml /shared/results/quadratic
#
# The directory is on a file system that all nodes see. A task that is preempted or killed can be submitted again, or
# the whole array: finished cells are kept. When all have ended:
#
#     grapevine experiment collect experiments/quadratic.yaml --out /shared/results/quadratic
#
# GRAPEVINE is the command, if it is not on the nodes' PATH: GRAPEVINE="node /opt/grapevine/dist/cli/main.js".
#SBATCH --job-name=grapevine
#SBATCH --cpus-per-task=2
#SBATCH --mem-per-cpu=1G
#SBATCH --time=04:00:00
#SBATCH --signal=B:TERM@60
#SBATCH --requeue
set -euo pipefail

file=${1:?wanted: sbatch --array=1-N slurm-array.sh FILE DIRECTORY}
directory=${2:?wanted: sbatch --array=1-N slurm-array.sh FILE DIRECTORY}
if [ "${SLURM_ARRAY_TASK_MIN:-}" != 1 ] || [ "${SLURM_ARRAY_TASK_STEP:-1}" != 1 ]; then
  echo "wanted an array that counts from 1 in steps of 1: sbatch --array=1-N" >&2
  exit 2
fi

# exec: the signal that Slurm sends a minute before the time is up reaches Grapevine, which gives its cells back.
exec ${GRAPEVINE:-grapevine} experiment run "$file" --out "$directory" \
  --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_MAX" --workers "${SLURM_CPUS_PER_TASK:-1}"
