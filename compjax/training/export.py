"""From a training state to the file that composing loads."""

from __future__ import annotations

from typing import Any

import jax


def export_agent(path: str, agent_config: Any, params: Any, model_state: Any) -> None:
    """Write an agent's name, settings and averaged parameters to `path` (.npz), atomically."""
    from compjax.codec.weights import save_weights

    config = {"agent": agent_config.name, "settings": agent_config.settings.to_dict()}
    save_weights(path, config, jax.device_get({"params": params, **model_state}))
