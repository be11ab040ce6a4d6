#!/usr/bin/env bash
# Renders or trains on a SLURM cluster.
#
#   launch/slurm.sh render [--dry_run] [compjax-render flags]
#   launch/slurm.sh train [--workdir DIR] [--dry_run] [compjax-train flags]
#
# Submits a job; the job is this script again. Rendering is an array of ARRAY tasks, each with its share of the shards.
# Training has one task for each GPU; SLURM sends TERM GRACE seconds before the time is up, the run saves and ends with
# status 42, and the job is queued again and goes on.
# Settings by environment: CONFIG (experiments/compositional.py), DATA (data), NUM_EXAMPLES (16384), SPLIT (train),
# NODES (1), GPUS (1, per node), CPUS (8, per task), TIME (24:00:00), GRACE (120), ARRAY (16), PARTITION, ACCOUNT,
# SBATCH_FLAGS (further ones, space separated).
# Needs: the environment with compjax active where it is submitted, and folders that all nodes see.
set -euo pipefail
if [[ -z "${SLURM_JOB_ID:-}" ]]; then
  cd "$(dirname "$0")/.."
fi
# shellcheck source=launch/common.sh
source launch/common.sh

PREEMPTED=42
CONFIG="${CONFIG:-experiments/compositional.py}"
DATA="${DATA:-data}"
SPLIT="${SPLIT:-train}"
NUM_EXAMPLES="${NUM_EXAMPLES:-16384}"
ARRAY="${ARRAY:-16}"
WORKDIR="runs/$(basename "$CONFIG" .py)"

case "${1:-}" in
  render | train) TASK="$1" && shift ;;
  -h | --help) usage && exit 0 ;;
  *) fail "say render or train first (--help tells more)" ;;
esac
parse_flags "$@"

submit() {
  local options=(--job-name="compjax-$TASK" --time="${TIME:-24:00:00}" --cpus-per-task="${CPUS:-8}"
    --requeue --open-mode=append --export=ALL)
  [[ -z "${PARTITION:-}" ]] || options+=(--partition="$PARTITION")
  [[ -z "${ACCOUNT:-}" ]] || options+=(--account="$ACCOUNT")
  if [[ "$TASK" == render ]]; then
    options+=(--array="0-$((ARRAY - 1))" --output=slurm-%x-%A_%a.log)
  else
    options+=(--nodes="${NODES:-1}" --ntasks-per-node="${GPUS:-1}" --gpus-per-node="${GPUS:-1}"
      --signal="TERM@${GRACE:-120}" --output=slurm-%x-%j.log)
  fi
  local further=()
  read -r -a further <<<"${SBATCH_FLAGS:-}"
  run sbatch "${options[@]}" "${further[@]}" launch/slurm.sh "$TASK" --workdir "$WORKDIR" "${EXTRA[@]}"
}

render() {
  run compjax-render --output="$DATA/$SPLIT" --num_examples="$NUM_EXAMPLES" --split="$SPLIT" \
    --workers="${SLURM_CPUS_PER_TASK:-1}" --shard="$SLURM_ARRAY_TASK_ID" --num_shards="$ARRAY" "${EXTRA[@]}"
}

train() {
  local status=0
  run srun --kill-on-bad-exit=1 compjax-train --config="$CONFIG" --workdir="$WORKDIR" --distributed=auto \
    "${EXTRA[@]}" || status=$?
  if ((status == PREEMPTED)); then
    run scontrol requeue "$SLURM_JOB_ID"
    return 0
  fi
  return "$status"
}

if [[ -z "${SLURM_JOB_ID:-}" ]]; then
  submit
else
  "$TASK"
fi
