"""compjax-train from its command line, up to the loop."""

import pathlib
import sys
import types

import pytest

from compjax.cli import train
from compjax.errors import EXIT_CODE, UserError

ROOT = pathlib.Path(__file__).parents[2]
EXPERIMENTS = sorted(path for path in (ROOT / "experiments").glob("*.py") if path.name != "common.py")


def parsed(*args, experiment="compositional"):
    argv = ["compjax-train", f"--config={ROOT}/experiments/{experiment}.py", "--workdir=w", *args]
    values = train.parse(argv)
    train.override(values)
    return values


def failing(capsys, *args):
    """Exit status and the one line of a command that will not do."""
    status = train.run(["compjax-train", *args])
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and err.startswith("compjax-train: ")
    return status, err.removeprefix("compjax-train: ").strip()


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.stem)
def test_every_experiment_is_read_and_locked(path):
    from compjax.training.loop import BUILDERS

    config = parsed(experiment=path.stem).config
    assert config.kind in BUILDERS
    assert config.is_locked
    with pytest.raises(AttributeError):
        config.learning_rat = 1.0


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.stem)
def test_every_experiment_names_losses_and_settings_that_exist(path):
    from compjax.training.loop import loop_config

    config = parsed(experiment=path.stem).config
    if config.kind == "agent":
        from compjax.losses.weighting import parse_weight
        from compjax.models.registry import build_agent
        from compjax.training.agent.objective import NAMES, ObjectiveConfig
        from compjax.training.agent.optimizer import OptimizerConfig
        from compjax.training.agent.programs import plain, step_config

        assert set(config.losses) <= set(NAMES)
        assert all(parse_weight(name, weight) is not None for name, weight in plain(config.losses).items())
        ObjectiveConfig.from_dict(plain(config.get("objective", {})))
        OptimizerConfig(**plain(config.optimizer))
        step_config(config), loop_config(config)
        build_agent(config.agent.name, plain(config.agent.settings))


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.stem)
def test_every_experiment_is_documented(path):
    text = path.read_text()
    assert "Command: " in text and "Hardware: " in text


def test_the_originals_flags_override_the_experiment():
    config = parsed("--loss_weight_spectral=0.5", "--mask_reg_weight=0.3", "--gan_weight=0").config
    assert (config.losses.spectral, config.losses.novelty, config.losses.adversarial) == (0.5, 0.3, 0.0)
    untouched = parsed().config
    assert (untouched.losses.spectral, untouched.losses.novelty, untouched.losses.adversarial) == (
        0.01,
        0.1,
        0.01,
    )


def test_the_regulariser_is_the_one_in_use():
    config = parsed("--mask_reg_weight=0.3", experiment="masking").config
    assert (config.losses.regulariser, config.losses.novelty) == (0.3, 0.0)
    exact = parsed("--loss_weight_spectral=0.02", "--mask_reg_weight=0.3", experiment="seed_exact").config
    assert (exact.losses.spectral_sources, exact.losses.regulariser) == (0.02, 0.3)


@pytest.mark.parametrize(("given", "stages"), [(1, 0), (2, 2), (3, 3)])
def test_one_transformer_layer_is_no_cascade(given, stages):
    assert parsed(f"--num_transformer_layers={given}").config.agent.settings.stages == stages


def test_a_flag_that_does_not_apply(capsys):
    args = [f"--config={ROOT}/experiments/masking.py", "--workdir=w", "--num_transformer_layers=2"]
    status, line = failing(capsys, *args)
    assert (
        status == EXIT_CODE and line == "--num_transformer_layers does not apply to 'masking'; leave it out"
    )


def test_a_checkpoint_to_begin_with():
    assert parsed("--checkpoint=a.npz").config.start_from == "a.npz"
    assert parsed("--checkpoint=a.npz", experiment="vocos").config.run.start_from == "a.npz"


def test_fields_are_set_and_keep_their_kind(capsys):
    config = parsed("--config.losses.latent=2", "--config.agent.settings.size=small").config
    assert config.losses.latent == 2.0 and config.agent.settings.size == "small"
    args = [f"--config={ROOT}/experiments/compositional.py", "--workdir=w", "--config.num_steps=many"]
    status, line = failing(capsys, *args)
    assert status == EXIT_CODE and "--config.num_steps=many" in line


@pytest.mark.parametrize(
    ("flag", "wanted"),
    [
        (
            "--config.num_stepss=5",
            "--config.num_stepss: {} has no field 'num_stepss': did you mean num_steps?",
        ),
        (
            "--config.losses.spectrall=5",
            "--config.losses.spectrall: {} has no field 'spectrall': did you mean spectral?",
        ),
        ("--config.agent.xyz=1", "--config.agent.xyz: {} has no field 'xyz'"),
        ("--confg.num_steps=1", "Unknown command line flag 'confg.num_steps'"),
        ("--num_transformer_layers=0", "--num_transformer_layers=0"),
        ("--gan_weight=high", "--gan_weight=high"),
        ("and more", "arguments that belong to no flag: and more"),
    ],
)
def test_mistyped_flags_are_one_clear_line(capsys, flag, wanted):
    path = f"{ROOT}/experiments/compositional.py"
    status, line = failing(capsys, f"--config={path}", "--workdir=w", flag)
    assert status == EXIT_CODE
    assert wanted.format(path) in line and "--help lists the flags" in line


def test_missing_flags_are_named(capsys):
    assert "--config is missing" in failing(capsys, "--workdir=w")[1]
    path = f"{ROOT}/experiments/masking.py"
    assert "--workdir is missing" in failing(capsys, f"--config={path}")[1]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (None, "there is no such file"),
        ("x = 1\n", "no experiment"),
        ("def get_config(:\n", "SyntaxError"),
        ("def get_config():\n    return {}['a']\n", "'a'"),
        ("import nowhere\n", "nowhere"),
    ],
    ids=["missing", "no config", "syntax", "raises", "import"],
)
def test_a_file_that_is_no_experiment(capsys, tmp_path, monkeypatch, text, wanted):
    path = tmp_path / "experiment.py"
    if text is not None:
        path.write_text(text)
    # A file is loaded into the module of the one before: in this process, where there was one.
    for name in [name for name, module in sys.modules.items() if hasattr(module, "get_config")]:
        monkeypatch.delitem(sys.modules, name)
    status, line = failing(capsys, f"--config={path}", "--workdir=w")
    assert status == EXIT_CODE and wanted in line


def test_a_missing_extra_is_named(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ml_collections", None)
    status, line = failing(capsys, "--config=a.py", "--workdir=w")
    assert status == EXIT_CODE and "pip install 'compjax[train]'" in line


def test_the_loop_gets_everything_and_gives_the_status():
    seen = {}

    def loop(config, workdir, options):
        seen.update(config=config, workdir=workdir, options=options)
        return types.SimpleNamespace(status=42)

    values = parsed("--distributed=off", "--allow_changed=optimizer,data")
    assert train.train(values, loop) == 42
    assert seen["workdir"] == "w" and seen["config"].agent.name == "compositional"
    assert seen["options"].allow_changed == ("optimizer", "data") and seen["options"].distributed == "off"


def test_bad_data_is_one_line_and_its_own_status(capsys, monkeypatch):
    def loop(*_):
        raise UserError("no shards in x: render some")

    monkeypatch.setattr("compjax.training.loop.train", loop)
    path = f"{ROOT}/experiments/masking.py"
    assert failing(capsys, f"--config={path}", "--workdir=w") == (EXIT_CODE, "no shards in x: render some")


def test_help_has_the_originals_flags(capsys):
    assert train.run(["compjax-train", "--help"]) == 0
    text = capsys.readouterr().out
    for flag in ("config", "workdir", "checkpoint", "loss_weight_spectral", "mask_reg_weight", "gan_weight"):
        assert f"--{flag}" in text
    assert "--num_transformer_layers" in text and "--allow_changed" in text
