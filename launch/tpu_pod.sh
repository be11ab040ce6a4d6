#!/usr/bin/env bash
# Trains on a Google Cloud TPU pod slice: create it, set it up, run on every worker.
#
#   launch/tpu_pod.sh create|setup|run|log|stop|delete|up [--workdir DIR] [--dry_run] [compjax-train flags]
#
#   create  asks for the slice as a queued resource and waits until it is there; one that exists is kept
#   setup   copies this commit to every worker and installs it; mounts BUCKET, if given, as ~/bucket
#   run     starts compjax-train on every worker; what is in the workdir is gone on with
#   log     follows the first worker's log
#   stop    sends TERM: the run saves and ends
#   delete  gives the slice back
#   up      create, setup, run: also after a spot slice was taken away
#
# The workdir must be a folder that all workers see: below ~/bucket, or on a file server.
# Settings by environment: NAME (compjax), ZONE (us-west4-a), TYPE (v5litepod-16), RUNTIME (v2-alpha-tpuv5-lite),
# SPOT (true), BUCKET, PROJECT, CONFIG (experiments/compositional.py), DATA (~/bucket/data).
# Needs: gcloud, logged in, and git.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=launch/common.sh
source launch/common.sh

NAME="${NAME:-compjax}"
ZONE="${ZONE:-us-west4-a}"
TYPE="${TYPE:-v5litepod-16}"
RUNTIME="${RUNTIME:-v2-alpha-tpuv5-lite}"
SPOT="${SPOT:-true}"
BUCKET="${BUCKET:-}"
CONFIG="${CONFIG:-experiments/compositional.py}"
# shellcheck disable=SC2088  # the tilde is the worker's
DATA="${DATA:-~/bucket/data}"
# shellcheck disable=SC2088
WORKDIR="~/bucket/runs/$(basename "$CONFIG" .py)"
WAIT_SECONDS="${WAIT_SECONDS:-30}"

ACTION="${1:-}"
(($# == 0)) || shift
parse_flags "$@"
PLACE=(--zone="$ZONE")
[[ -z "${PROJECT:-}" ]] || PLACE+=(--project="$PROJECT")

state() {
  gcloud compute tpus queued-resources describe "$NAME" "${PLACE[@]}" --format='value(state.state)' 2>/dev/null || true
}

# Quotes words for a remote shell but lets a leading ~/ be expanded there.
remote_words() {
  local word
  # shellcheck disable=SC2016  # the home is the worker's
  for word in "$@"; do
    # shellcheck disable=SC2088
    case "$word" in
      *=~/*) printf '%q"$HOME"/%q ' "${word%%=*}=" "${word#*=~/}" ;;
      '~/'*) printf '"$HOME"/%q ' "${word#'~/'}" ;;
      *) printf '%q ' "$word" ;;
    esac
  done
}

on_workers() {  # WORKER COMMAND
  run gcloud compute tpus tpu-vm ssh "$NAME" "${PLACE[@]}" --worker="$1" --command="$2"
}

create() {
  local options=(--node-id="$NAME" "${PLACE[@]}" --accelerator-type="$TYPE" --runtime-version="$RUNTIME")
  [[ "$SPOT" == true ]] && options+=(--spot)
  local now=""
  [[ "$DRY_RUN" == true ]] || now="$(state)"
  case "$now" in
    FAILED | SUSPENDED)
      delete
      now=""
      ;;
  esac
  [[ -n "$now" ]] || run gcloud compute tpus queued-resources create "$NAME" "${options[@]}"
  [[ "$DRY_RUN" == false ]] || return 0
  until now="$(state)" && [[ "$now" == ACTIVE ]]; do
    case "$now" in FAILED | SUSPENDED) fail "the slice is $now" ;; esac
    echo "waiting for $NAME: ${now:-unknown}"
    sleep "$WAIT_SECONDS"
  done
}

setup() {
  local archive="${TMPDIR:-/tmp}/compjax-$NAME.tar.gz"
  run git archive --format=tar.gz --output="$archive" HEAD
  run gcloud compute tpus tpu-vm scp "$archive" "$NAME:compjax.tar.gz" "${PLACE[@]}" --worker=all
  # shellcheck disable=SC2016  # expanded on the worker
  on_workers all 'set -e; rm -rf compjax && mkdir compjax && tar xzf compjax.tar.gz -C compjax;'\
' [ -d env ] || python3 -m venv env; env/bin/pip install --quiet --upgrade pip "./compjax[train,tpu]"'
  if [[ -n "$BUCKET" ]]; then
    on_workers all "mkdir -p ~/bucket && { mountpoint -q ~/bucket || gcsfuse --implicit-dirs $(printf %q "$BUCKET") ~/bucket; }"
  fi
}

start() {
  local command
  command="$(remote_words ../env/bin/compjax-train --config="$CONFIG" --workdir="$WORKDIR" --distributed=on \
    --config.data.train="$DATA/train" --config.data.dev="$DATA/dev" "${EXTRA[@]}")"
  # A second start while the first is running must not start another.
  command="{ nohup ${command}>>../train.log 2>&1 & echo \$! >../pid; }"
  on_workers all "cd compjax && { [ -f ../pid ] && kill -0 \$(cat ../pid) 2>/dev/null && echo running || $command; }"
}

stop() {
  # shellcheck disable=SC2016
  on_workers all '[ -f pid ] && kill -TERM $(cat pid) || true'
}

delete() {
  run gcloud compute tpus queued-resources delete "$NAME" "${PLACE[@]}" --force --quiet
}

case "$ACTION" in
  create | setup | stop | delete) "$ACTION" ;;
  run) start ;;
  log) on_workers 0 'tail -n 100 -f train.log' ;;
  up)
    create
    setup
    start
    ;;
  -h | --help) usage ;;
  *) fail "say create, setup, run, log, stop, delete or up first (--help tells more)" ;;
esac
