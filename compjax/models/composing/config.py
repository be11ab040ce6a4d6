"""Settings of the networks, with the named sizes and the original's own settings.

The defaults are this project's; `seed_exact` gives the original system's, to load its checkpoints and
as an ablation. Ours have sigmoid gates for its softmax, no way around the gates (no residual from the
target, no raw target in the cascade), a piano-roll head and a style input, no skip convolutions, and
norms that are the same in training and use.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from compjax.constants import LATENT_SIZE, NUM_PITCHES, STYLE_SIZE
from compjax.music.factors import FACTORS

NUM_COMPONENTS = 2 * len(FACTORS)
"""Components of a pair of clips: the factors of the input, then those of the target."""

COMPONENT_SIZE = 64
"""Channels of one component."""


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(choices)}")


@dataclass(frozen=True)
class EncoderConfig:
    """A transformer encoder.

    Attributes:
        size: channels; a multiple of `heads`.
        layers, heads, feed_forward: depth, attention heads, width of the hidden feed-forward layer.
        dropout: rate after positions, attention, and both feed-forward layers, in training only.
        norm_first: normalise before each block (and once at the end) instead of after it.
        positions: `rotary` (relative, any length), or `sinusoidal` (added, as the original has them).
    """

    size: int = 512
    layers: int = 4
    heads: int = 8
    feed_forward: int = 2048
    dropout: float = 0.1
    norm_first: bool = True
    positions: str = "rotary"

    def __post_init__(self):
        _check_choice("positions", self.positions, ("rotary", "sinusoidal"))
        if self.size % (2 * self.heads):
            raise ValueError(f"size {self.size} is not a multiple of twice the {self.heads} heads")


@dataclass(frozen=True)
class ExtractorConfig:
    """The three factor branches of one clip.

    Attributes:
        hidden: channels between the two convolutions of a branch.
        channels: channels of a component.
        kernels: sizes (a, b) of the two convolutions, in frames, for rhythm, harmony and timbre.
        norm: `layer` (over channels, the same in training and use) or `batch` (the original).
        skip: add a 1 x 1 convolution of the latents before the norm (the original).
    """

    hidden: int = 128
    channels: int = COMPONENT_SIZE
    kernels: tuple[tuple[int, int], ...] = ((3, 5), (7, 9), (15, 21))
    norm: str = "layer"
    skip: bool = False

    def __post_init__(self):
        _check_choice("norm", self.norm, ("layer", "batch"))
        if len(self.kernels) != len(FACTORS):
            raise ValueError(
                f"kernels has {len(self.kernels)} entries; one for each of {', '.join(FACTORS)} is needed"
            )


@dataclass(frozen=True)
class SelectorConfig:
    """The gates: hidden channels, and `sigmoid` (each alone) or `softmax` (they sum to 1, the original)."""

    hidden: int = 256
    gate: str = "sigmoid"

    def __post_init__(self):
        _check_choice("gate", self.gate, ("sigmoid", "softmax"))


@dataclass(frozen=True)
class ComposerConfig:
    """The composer.

    Attributes:
        encoder: the transformer over time.
        output_hidden: channels of the hidden layer before the latents.
        latent_size: channels of the latents.
        num_pitches: pitches of the piano-roll head; 0 leaves the head out (the original).
        style_size: numbers of the style input; 0 leaves it out (the original).
    """

    encoder: EncoderConfig = EncoderConfig()
    output_hidden: int = 256
    latent_size: int = LATENT_SIZE
    num_pitches: int = NUM_PITCHES
    style_size: int = STYLE_SIZE


@dataclass(frozen=True)
class CompositionalConfig:
    """The compositional agent: extract six components, select, compose."""

    extractor: ExtractorConfig = ExtractorConfig()
    selector: SelectorConfig = SelectorConfig()
    composer: ComposerConfig = ComposerConfig()


@dataclass(frozen=True)
class MaskingConfig:
    """The masking agent, the original's older one; kept as the baseline.

    Attributes:
        hidden, heads: width and attention heads of the analysis.
        kernel: size of the convolutions, in frames.
        style_discriminator: the original's critic of the masked latents comes with the agent.
        latent_size: channels of the latents.
    """

    hidden: int = 256
    heads: int = 4
    kernel: int = 3
    style_discriminator: bool = False
    latent_size: int = LATENT_SIZE


@dataclass(frozen=True)
class CascadeConfig:
    """The refining stages after an agent.

    Attributes:
        stages: how many; stage k has (k + 2) * latent_size channels.
        layers, heads, dropout: of each stage's transformer, whose feed-forward layer is four times its
            width.
        context: what the stages see beside the composition: `gated` (a projection of the gated
            components, so that a closed gate stays closed) or `target` (the target's latents, the
            original).
        residual: what a stage's projection is added to: `composition` (the stage before) or `average`
            (the mean of everything the stage sees, half of it target: the original).
        match_level: scale each stage to the level between composition and target, by 0.7 to 1.5 (the
            original).
        norm_first, positions: as in `EncoderConfig`.
        latent_size: channels of the latents.
    """

    stages: int = 2
    layers: int = 4
    heads: int = 8
    dropout: float = 0.1
    context: str = "gated"
    residual: str = "composition"
    match_level: bool = False
    norm_first: bool = True
    positions: str = "rotary"
    latent_size: int = LATENT_SIZE

    def __post_init__(self):
        _check_choice("context", self.context, ("gated", "target"))
        _check_choice("residual", self.residual, ("composition", "average"))
        if self.stages < 1:
            raise ValueError(f"stages is {self.stages}; a cascade has at least one (leave it out for none)")

    def encoder(self, stage: int) -> EncoderConfig:
        """Settings of one stage's transformer."""
        size = (stage + 2) * self.latent_size
        return EncoderConfig(
            size, self.layers, self.heads, 4 * size, self.dropout, self.norm_first, self.positions
        )


@dataclass(frozen=True)
class NetworkConfig:
    """A whole network from two clips' latents to the composed ones: an agent and, where wanted, a cascade."""

    agent: CompositionalConfig | MaskingConfig = field(default_factory=CompositionalConfig)
    cascade: CascadeConfig | None = None

    def __post_init__(self):
        if isinstance(self.agent, MaskingConfig) and self.cascade and self.cascade.context != "target":
            raise ValueError("the masking agent has no components; its cascade's context must be 'target'")


@dataclass(frozen=True)
class DiscriminatorConfig:
    """The latent discriminator: convolutions (channels, kernel, stride), hidden layer, dropout."""

    convolutions: tuple[tuple[int, int, int], ...] = ((256, 3, 2), (512, 5, 2), (512, 7, 2), (256, 9, 1))
    hidden: int = 128
    dropout: float = 0.3


ORIGINAL = CompositionalConfig()
"""The original's widths, with this project's gates, head and style."""

SMALL = CompositionalConfig(
    extractor=ExtractorConfig(hidden=64),
    selector=SelectorConfig(hidden=128),
    composer=ComposerConfig(encoder=EncoderConfig(size=256, heads=4, feed_forward=1024), output_hidden=128),
)
"""A third of it, for a machine without an accelerator."""

TINY = CompositionalConfig(
    extractor=ExtractorConfig(hidden=32),
    selector=SelectorConfig(hidden=32),
    composer=ComposerConfig(
        encoder=EncoderConfig(size=64, layers=1, heads=4, feed_forward=128), output_hidden=64
    ),
)
"""The smallest, for trials."""

SIZES = {"original": ORIGINAL, "small": SMALL, "tiny": TINY}
"""Named sizes of the compositional agent."""


def seed_exact(config: CompositionalConfig = ORIGINAL) -> CompositionalConfig:
    """The same widths wired as in the original: softmax, skips, BatchNorm, post-norm, no head, no style."""
    composer = config.composer
    encoder = replace(composer.encoder, norm_first=False, positions="sinusoidal")
    return CompositionalConfig(
        extractor=replace(config.extractor, norm="batch", skip=True),
        selector=replace(config.selector, gate="softmax"),
        composer=replace(composer, encoder=encoder, num_pitches=0, style_size=0),
    )


def seed_exact_cascade(stages: int = 2, layers: int = 4) -> CascadeConfig:
    """The original's cascade: it sees the target, averages with it and matches its level."""
    return CascadeConfig(
        stages=stages,
        layers=layers,
        context="target",
        residual="average",
        match_level=True,
        norm_first=False,
        positions="sinusoidal",
    )


def seed_exact_network(
    agent: str = "compositional", stages: int = 2, size: str = "original", layers: int = 4
) -> NetworkConfig:
    """The original network around one of its two agents.

    Args:
        agent: `compositional` or `masking`.
        stages: of the cascade; 0 leaves the agent alone.
        size: key of `SIZES`, of the compositional agent; other sizes than `original` are wired alike.
        layers: of each stage; the original has 4.
    """
    _check_choice("agent", agent, ("compositional", "masking"))
    _check_choice("size", size, tuple(SIZES))
    config = seed_exact(SIZES[size]) if agent == "compositional" else MaskingConfig(style_discriminator=True)
    return NetworkConfig(config, seed_exact_cascade(stages, layers) if stages else None)
