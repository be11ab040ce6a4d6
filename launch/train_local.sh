#!/usr/bin/env bash
# Trains on this machine: its GPUs, or its CPU.
#
#   launch/train_local.sh [--device gpu|cpu] [--processes N] [--workdir DIR] [--dry_run] [compjax-train flags]
#
# Without --device it takes the GPU if nvidia-smi sees one. One process drives all GPUs; --processes starts several
# that train together (on a CPU, to try what a pod does). TERM and Ctrl-C save and end with status 42; the same
# command goes on. A run that the watchdog has ended (status 75) is started again, MAX_RESTARTS (3) times.
# Settings by environment: CONFIG (experiments/compositional.py), MAX_RESTARTS.
# Needs: pip install '.[train]', with a GPU '.[train,cuda]'.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=launch/common.sh
source launch/common.sh

HUNG=75
CONFIG="${CONFIG:-experiments/compositional.py}"
WORKDIR="runs/$(basename "$CONFIG" .py)"
DEVICE=""
PROCESSES=1
parse_flags "$@"
ARGS=()
set -- "${EXTRA[@]}"
while (($#)); do
  case "$1" in
    --device=*) DEVICE="${1#*=}" ;;
    --processes=*) PROCESSES="${1#*=}" ;;
    --device | --processes)
      (($# >= 2)) || fail "$1 needs a value"
      [[ "$1" == --device ]] && DEVICE="$2" || PROCESSES="$2"
      shift
      ;;
    *) ARGS+=("$1") ;;
  esac
  shift
done
[[ "$PROCESSES" =~ ^[1-9][0-9]*$ ]] || fail "--processes is '$PROCESSES'; it must be a number from 1 on"
if [[ -z "$DEVICE" ]]; then
  DEVICE=cpu
  if command -v nvidia-smi >/dev/null && nvidia-smi -L >/dev/null 2>&1; then
    DEVICE=gpu
  fi
fi
case "$DEVICE" in
  gpu) export JAX_PLATFORMS=cuda ;;
  cpu) export JAX_PLATFORMS=cpu ;;
  *) fail "--device is '$DEVICE'; it must be gpu or cpu" ;;
esac
echo "+ export JAX_PLATFORMS=$JAX_PLATFORMS"

train() {
  local command=(compjax-train --config="$CONFIG" --workdir="$WORKDIR" "${ARGS[@]}")
  if ((PROCESSES > 1)); then
    run_processes "$PROCESSES" "${command[@]}"
  else
    run "${command[@]}"
  fi
}

for ((attempt = 0; ; attempt++)); do
  status=0
  train || status=$?
  if ((status != HUNG || attempt >= ${MAX_RESTARTS:-3})); then
    exit "$status"
  fi
  echo "$(basename "$0"): the watchdog ended the run; starting it again" >&2
done
