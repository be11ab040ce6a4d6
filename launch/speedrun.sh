#!/usr/bin/env bash
# The whole way once, small: render -> train -> evaluate -> compose. It shows that everything works, not how well.
#
#   launch/speedrun.sh [--workdir DIR] [--dry_run] [compjax-train flags]
#
# Start it again at any time: rendered shards stay, and training goes on from its last checkpoint.
# Settings by environment: NUM_EXAMPLES (512), NUM_STEPS (200).
# Needs: pip install '.[train,synth]', libfluidsynth and the soundfonts of README.md.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=launch/common.sh
source launch/common.sh

WORKDIR="runs/speedrun"
NUM_EXAMPLES="${NUM_EXAMPLES:-512}"
NUM_STEPS="${NUM_STEPS:-200}"
parse_flags "$@"

TRAIN=(launch/run_train_compositional.sh --workdir "$WORKDIR/train"
  --config.num_steps="$NUM_STEPS" --config.optimizer.decay_steps="$NUM_STEPS" "${EXTRA[@]}")
if [[ "$DRY_RUN" == true ]]; then
  TRAIN+=(--dry_run)
fi
NUM_EXAMPLES="$NUM_EXAMPLES" DEV_EXAMPLES=64 DATA="$WORKDIR/data" "${TRAIN[@]}"
run compjax-evaluate --rendered=16 --checkpoint="$WORKDIR/train/agent.npz" --output="$WORKDIR/evaluation"
run compjax-compose --input=compjax/assets/demo/drums.flac --target=compjax/assets/demo/guitar.flac \
  --checkpoint="$WORKDIR/train/agent.npz" --output="$WORKDIR/out.wav"
