#!/usr/bin/env bash
# Trains the compositional agent: renders examples of factor swaps, then trains on them.
#
#   launch/run_train_compositional.sh [--workdir DIR] [--dry_run] [compjax-train flags]
#
# It says first what hardware it found and, on a CPU, which size to take; training says how many steps a second it makes
# and when it will be done. Start it again at any time: shards that are rendered stay, and training goes on from the last
# checkpoint in the workdir, checkpoints_compositional if none is given (of another CONFIG, runs/<its name>).
# Settings by environment: CONFIG (experiments/compositional.py), DATA (data), NUM_EXAMPLES (16384), DEV_EXAMPLES (256),
# WORKERS (all cores); of the original, LOSS_WEIGHT_SPECTRAL (0.01), MASK_REG_WEIGHT (0.1), GAN_WEIGHT (0.01),
# NUM_TRANSFORMER_LAYERS (2). The model that ships: CONFIG=experiments/arranging.py.
# Needs: pip install '.[train,synth]', libfluidsynth and the soundfonts of compjax/docs/training.md.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=launch/common.sh
source launch/common.sh

CONFIG="${CONFIG:-experiments/compositional.py}"
DATA="${DATA:-data}"
NUM_EXAMPLES="${NUM_EXAMPLES:-16384}"
DEV_EXAMPLES="${DEV_EXAMPLES:-256}"
WORKERS="${WORKERS:-$(nproc)}"
FLAGS=()
if [[ "$CONFIG" == experiments/compositional.py ]]; then
  WORKDIR="checkpoints_compositional"
  FLAGS=(--loss_weight_spectral="${LOSS_WEIGHT_SPECTRAL:-0.01}" --mask_reg_weight="${MASK_REG_WEIGHT:-0.1}"
    --gan_weight="${GAN_WEIGHT:-0.01}" --num_transformer_layers="${NUM_TRANSFORMER_LAYERS:-2}")
else
  WORKDIR="runs/$(basename "$CONFIG" .py)"
fi
parse_flags "$@"

if [[ "$DRY_RUN" == false ]]; then  # before hours of rendering
  python -m compjax.training.monitoring.announce --config="$CONFIG"
fi
run compjax-render --output="$DATA/train" --num_examples="$NUM_EXAMPLES" --split=train --workers="$WORKERS"
run compjax-render --output="$DATA/dev" --num_examples="$DEV_EXAMPLES" --split=dev --workers="$WORKERS"
run compjax-train --config="$CONFIG" --workdir="$WORKDIR" "${FLAGS[@]}" \
  --config.data.train="$DATA/train" --config.data.dev="$DATA/dev" "${EXTRA[@]}"
