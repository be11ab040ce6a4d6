"""compjax-port: weights of other programs, converted for this one. PyTorch is not needed.

    compjax-port --from encodec --weights encodec_24khz-d7cc33bc.th
    compjax-port --from encodec --weights model.safetensors --output encodec.npz --audio music
    compjax-port --from original --weights best_model.pt --output model.npz

`encodec` takes the published 24 kHz model, of the encodec package or of Hugging Face. Without --output the
result goes where --codec encodec looks for it: $COMPJAX_ENCODEC, else encodec.npz in ~/.cache/compjax.
With --audio its latents are normalised by mean and deviation over these recordings; without, they stay
as they are, which is what agents of the original need.

`original` takes a checkpoint of the original system; the result is for
compjax-compose --codec encodec --checkpoint.
"""

from __future__ import annotations

import os
import pathlib
import sys

from absl import flags

from compjax import command
from compjax.errors import UserError
from compjax.files import make_folder, sha256_of

EXCERPT_SECONDS, MAX_EXCERPTS = 8.0, 64
"""What is heard of the recordings that latents are normalised over: the middle of each."""


def define_flags() -> flags.FlagValues:
    """The command's flags, in a set of their own."""
    values = flags.FlagValues()
    text = "What the weights are: EnCodec at 24 kHz, or an agent of the original system."
    flags.DEFINE_enum("from", None, ["encodec", "original"], text, values, required=True)
    text = "File to convert: .th, .pt, .bin, .safetensors."
    flags.DEFINE_string("weights", None, text, values, required=True)
    flags.DEFINE_string("output", None, "File to write (.npz).", values)
    flags.DEFINE_string("audio", None, "Folder of recordings to normalise EnCodec's latents over.", values)
    return values


def run(argv: list[str] | None = None) -> int:
    """The command, from the command line or from `argv` (program name first); returns the exit status."""
    return command.run("compjax-port", __doc__, define_flags, command.strict_parser(define_flags), port, argv)


def port(values: flags.FlagValues) -> None:
    """Convert what the flags name."""
    port_encodec(values) if values["from"].value == "encodec" else port_original(values)


def port_encodec(values: flags.FlagValues) -> None:
    """Convert EnCodec.

    Raises:
        UserError: a file will not do.
    """
    from compjax import codec
    from compjax.codec.encodec import converted_file, encodec
    from compjax.port import encodec_table, reading

    output = pathlib.Path(values.output) if values.output else codec.weights_path("encodec")
    if not values.output:
        make_folder(output.parent)
    encodec_table.check_name(values.weights)
    encodec_table.check_description(values.weights)
    config = encodec.EncodecConfig()
    state = reading.to_arrays(reading.read(values.weights), values.weights)
    params = encodec_table.convert(state, values.weights, config)
    if values.audio:
        from compjax.codec.quality import excerpts

        clips = excerpts(pathlib.Path(values.audio), EXCERPT_SECONDS, MAX_EXCERPTS)
        config = converted_file.normalized_over(clips, config, params)
        found = f"mean {config.mean:.6g}, deviation {config.std:.6g}"
        print(f"Latents are normalised over {len(clips)} recordings: {found}.")
    converted_file.save(output, config, params, values.weights)
    _report(output, f"Use it with --codec encodec{f' --codec_weights {output}' if values.output else ''}.")


def port_original(values: flags.FlagValues) -> None:
    """Convert an agent of the original.

    Raises:
        UserError: a file or a flag will not do.
    """

    if not values.output:
        raise UserError("name the file to write: --output model.npz")
    if values.audio:
        raise UserError(
            "--audio goes with --from encodec only: the original's agents need latents as they are"
        )
    from compjax.codec import converted_weights
    from compjax.port.original import read_checkpoint

    config, variables = read_checkpoint(values.weights)
    converted_weights.save(values.output, config, variables, values.weights)
    stages = config["settings"]["stages"]
    print(f"The {config['agent']} agent of the original, {stages or 'no'} cascade stages.")
    _report(values.output, f"Use it with compjax-compose --codec encodec --checkpoint {values.output}.")


def _report(path: str | os.PathLike, use: str) -> None:
    print(f"Wrote {path} ({os.path.getsize(path) / 1e6:.1f} MB, SHA-256 {sha256_of(path)}).\n{use}")


if __name__ == "__main__":
    sys.exit(run())
