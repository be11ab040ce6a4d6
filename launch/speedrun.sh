#!/usr/bin/env bash
# The whole way once, small: render -> train -> evaluate -> compose. It shows that everything works, not how well.
#
#   launch/speedrun.sh [--smoke] [--workdir DIR] [--dry_run] [compjax-train flags]
#
# --smoke is smaller still: a tiny agent with every kind of loss, in minutes on two cores; nothing worth hearing.
# Start it again at any time: rendered shards stay, and training goes on from its last checkpoint.
# Settings by environment: NUM_EXAMPLES (512; smoke 64), NUM_STEPS (200; smoke 60), PAIRS to evaluate (16; smoke 2).
# Needs: pip install '.[train,synth]', libfluidsynth and the soundfonts of compjax/docs/training.md.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=launch/common.sh
source launch/common.sh

WORKDIR="runs/speedrun"
SMOKE=false
FLAGS=()
for flag in "$@"; do
  if [[ "$flag" == --smoke ]]; then
    SMOKE=true
    WORKDIR="runs/smoke"
  else
    FLAGS+=("$flag")
  fi
done
parse_flags "${FLAGS[@]}"

if [[ "$SMOKE" == true ]]; then
  export CONFIG=experiments/smoke.py NUM_EXAMPLES="${NUM_EXAMPLES:-64}" DEV_EXAMPLES=8
  NUM_STEPS="${NUM_STEPS:-60}" PAIRS="${PAIRS:-2}"
else
  export CONFIG="${CONFIG:-experiments/arranging.py}" NUM_EXAMPLES="${NUM_EXAMPLES:-512}" DEV_EXAMPLES=64
  NUM_STEPS="${NUM_STEPS:-200}" PAIRS="${PAIRS:-16}"
fi
TRAIN=(launch/run_train_compositional.sh --workdir "$WORKDIR/train"
  --config.num_steps="$NUM_STEPS" --config.optimizer.decay_steps="$NUM_STEPS" "${EXTRA[@]}")
if [[ "$DRY_RUN" == true ]]; then
  TRAIN+=(--dry_run)
fi
DATA="$WORKDIR/data" "${TRAIN[@]}"
run compjax-evaluate --rendered="$PAIRS" --checkpoint="$WORKDIR/train/agent.npz" --output="$WORKDIR/evaluation"
run compjax-compose --input=compjax/assets/demo/drums.flac --target=compjax/assets/demo/guitar.flac \
  --checkpoint="$WORKDIR/train/agent.npz" --output="$WORKDIR/out.wav"
