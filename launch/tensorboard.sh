#!/usr/bin/env bash
# Shows the curves and the audio of all runs below a folder in TensorBoard.
#
#   launch/tensorboard.sh [--workdir DIR] [--dry_run] [tensorboard flags, such as --port=6007]
#
# Needs: pip install '.[train]'.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=launch/common.sh
source launch/common.sh

WORKDIR="runs"
parse_flags "$@"

run mkdir -p "$WORKDIR"
run tensorboard --logdir="$WORKDIR" "${EXTRA[@]}"
