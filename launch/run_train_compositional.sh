#!/usr/bin/env bash
# Trains the compositional agent: renders examples of factor swaps, then trains on them.
#
#   launch/run_train_compositional.sh [--workdir DIR] [--dry_run] [compjax-train flags]
#
# Start it again at any time: shards that are rendered stay, and training goes on from the last checkpoint in the workdir.
# Settings by environment: CONFIG (experiments/arranging.py), DATA (data), NUM_EXAMPLES (16384), DEV_EXAMPLES (256), WORKERS (all cores).
# Needs: pip install '.[train,synth]', libfluidsynth and the soundfonts of README.md.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=launch/common.sh
source launch/common.sh

CONFIG="${CONFIG:-experiments/arranging.py}"
DATA="${DATA:-data}"
NUM_EXAMPLES="${NUM_EXAMPLES:-16384}"
DEV_EXAMPLES="${DEV_EXAMPLES:-256}"
WORKERS="${WORKERS:-$(nproc)}"
WORKDIR="runs/$(basename "$CONFIG" .py)"
parse_flags "$@"

run compjax-render --output="$DATA/train" --num_examples="$NUM_EXAMPLES" --split=train --workers="$WORKERS"
run compjax-render --output="$DATA/dev" --num_examples="$DEV_EXAMPLES" --split=dev --workers="$WORKERS"
run compjax-train --config="$CONFIG" --workdir="$WORKDIR" \
  --config.data.train="$DATA/train" --config.data.dev="$DATA/dev" "${EXTRA[@]}"
