#!/bin/bash
# `npm run test:slurm`: an experiment through a real Slurm array, on a cluster of this one machine, gives the bytes of
# an undivided run. Needs root, Debian's packages slurm-wlm and munge, and a build; starts its own munged, slurmctld
# and slurmd on ports of its own in a temporary directory, and ends them.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
file=${1:-$root/experiments/quadratic.yaml}
shards=${2:-4}
for program in munged slurmctld slurmd sbatch; do
  command -v "$program" >/dev/null || { echo "no $program: apt-get install slurm-wlm munge" >&2; exit 2; }
done
[ "$(id -u)" = 0 ] || { echo "slurmd starts jobs as their users, which only root can" >&2; exit 2; }

work=$(mktemp -d /tmp/grapevine-slurm-XXXXXX)
chmod 755 "$work" # munged insists on directories that nobody else can write
host=$(hostname -s)
daemons=()
finish() {
  for pid in "${daemons[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

dd if=/dev/urandom of="$work/munge.key" bs=128 count=1 status=none
chmod 400 "$work/munge.key"
munged --foreground --force --key-file="$work/munge.key" --socket="$work/munge.socket" --num-threads=2 \
  --pid-file="$work/munged.pid" --log-file="$work/munged.log" --seed-file="$work/munged.seed" &>"$work/munged.out" &
daemons+=($!)

mkdir "$work/state" "$work/spool"
cat >"$work/slurm.conf" <<CONF
ClusterName=grapevine
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$work/slurm.conf
for _ in $(seq 50); do [ -S "$work/munge.socket" ] && break; sleep 0.1; done
slurmctld -D &>"$work/slurmctld.out" &
daemons+=($!)
slurmd -D -f "$SLURM_CONF" &>"$work/slurmd.out" &
daemons+=($!)
for _ in $(seq 100); do sinfo --noheader --format=%T 2>/dev/null | grep -q idle && break; sleep 0.3; done
sinfo --noheader --format=%T | grep -q idle || { tail -5 "$work"/*.log "$work"/*.out >&2; exit 1; }
sinfo

export GRAPEVINE="$(command -v node) $root/dist/cli/main.js"
sbatch --wait --array="1-$shards" --cpus-per-task=1 --mem-per-cpu=0 --output="$work/task-%a.log" \
  "$root/deploy/slurm-array.sh" "$file" "$work/array" || { tail -n 20 "$work"/task-*.log >&2; exit 1; }
tail -qn 1 "$work"/task-*.log
$GRAPEVINE experiment collect "$file" --out "$work/array"
$GRAPEVINE experiment run "$file" --out "$work/whole" --quiet
$GRAPEVINE experiment collect "$file" --out "$work/whole" --quiet
for result in results.jsonl results.parquet series.parquet; do
  cmp "$work/array/$result" "$work/whole/$result"
  echo "$result: the same $(stat --format=%s "$work/whole/$result") bytes from $shards array tasks and from one run"
done
