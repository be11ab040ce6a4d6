"""Layers of SEANet: causal convolutions, an LSTM and residual blocks, over whole clips or window by window.

Every layer is causal, so a clip can be run in windows whose result is exactly that of the whole: a layer
keeps the end of its input, or its LSTM state, in the variable collection `carry`, and the next window
begins with it.

    whole clip    reflection | x ................. | reflection up to the stride
    windows       reflection | x ......            |
                                 carry | x ......  |
                                           carry | x ... | reflection

The reference pads with zeros where a clip is too short to be reflected, and so does this.
"""

from __future__ import annotations

import dataclasses

import flax.linen as nn
import jax
import jax.numpy as jnp

Array = jax.Array

CARRY = "carry"
"""Collection of what one window leaves to the next."""

PRECISION = jax.lax.Precision.HIGHEST  # accelerators would round inputs to 10 bits or fewer, and change codes


@dataclasses.dataclass(frozen=True)
class SampleSpan:
    """Where a layer's input `[B, N, C]` lies in its clip.

    Attributes:
        length: steps of the N that belong to the clip; the rest only fills up the array.
        first: whether the clip begins here. Python's True: this is the whole clip, nothing is carried.
    """

    length: int | Array
    first: bool | Array = True

    @property
    def is_whole(self) -> bool:
        """Whether the input is all of the clip."""
        return self.first is True

    def down(self, stride: int) -> SampleSpan:
        """The span after a convolution with `stride`."""
        return dataclasses.replace(self, length=(self.length + stride - 1) // stride)

    def up(self, stride: int) -> SampleSpan:
        """The span after a transposed convolution with `stride`."""
        return dataclasses.replace(self, length=self.length * stride)


def reflection(x: Array, size: int, length: int | Array) -> Array:
    """What precedes `x` `[B, N, C]`: x[size] to x[1], where zero from `length` on, `[B, size, C]`."""
    missing = max(size + 1 - x.shape[1], 0)
    mirrored = jnp.pad(x[:, 1 : size + 1], ((0, 0), (0, missing), (0, 0)))[:, ::-1]
    place = jnp.arange(size, 0, -1)[None, :, None]
    return jnp.where(place < length, mirrored, 0.0)


def reflect_tail(wide: Array, stride: int, span: SampleSpan) -> Array:
    """`wide` with the last block of `stride` steps that is begun filled up with the mirror image.

    Args:
        wide: `[B, stride + N, C]`, the N steps of the span, a multiple of `stride`, after what precedes them.
        stride: steps of a block.
        span: of the N steps.
    """
    length = span.length
    if isinstance(length, int) and length % stride == 0:
        return wide
    begin = (length - 1) // stride * stride  # of the last block, in the N
    both = jax.lax.dynamic_slice_in_dim(wide, begin, 2 * stride, axis=1)  # it and the one before it
    place = begin + jnp.arange(stride)
    source = jnp.where(place < length, place, 2 * (length - 1) - place) - begin + stride
    block = jnp.take(both, source, axis=1, mode="clip")
    too_short = (length <= stride) & jnp.asarray(span.first)  # the whole clip, to be reflected
    block = jnp.where(((place >= length) & too_short)[None, :, None], 0.0, block)
    return jax.lax.dynamic_update_slice_in_dim(wide, block, begin + stride, axis=1)


class CausalModule(nn.Module):
    """What the layers share: the steps before a window."""

    def preceded(self, x: Array, begin: Array, span: SampleSpan) -> Array:
        """`x` `[B, N, C]` after what precedes it: `begin` `[B, P, C]` at the clip's start, else the carry."""
        if span.is_whole:
            return jnp.concatenate([begin, x], axis=1)
        carry = self.variable(CARRY, "before", jnp.zeros, begin.shape, x.dtype)
        wide = jnp.concatenate([jnp.where(span.first, begin, carry.value), x], axis=1)
        carry.value = wide[:, x.shape[1] :]
        return wide


class CausalConv(CausalModule):
    """Convolution of `x` `[B, N, C]` that sees no later step than its last: `[B, N / stride, features]`."""

    features: int
    kernel_size: int
    stride: int = 1

    @nn.compact
    def __call__(self, x: Array, span: SampleSpan) -> Array:
        shape = (self.kernel_size, x.shape[-1], self.features)
        kernel = self.param("kernel", nn.initializers.lecun_normal(), shape)
        bias = self.param("bias", nn.initializers.zeros_init(), (self.features,))
        before = self.kernel_size - self.stride
        if before:
            x = self.preceded(x, reflection(x, before, span.length), span)
        if self.stride > 1:
            x = reflect_tail(x, self.stride, span)
        return convolve(x, kernel, self.stride) + bias[None, None, :]


class CausalConvTranspose(CausalModule):
    """Transposed convolution, kernel twice the stride, without the part after its last input.

    `x` `[B, N, C]` becomes `[B, N * stride, features]`. An input reaches the `stride` outputs at its own
    step and those of the next, so this is a convolution with a kernel of two steps: `kernel` is
    `[2, C, stride, features]`, the weights to the next step first.
    """

    features: int
    stride: int

    @nn.compact
    def __call__(self, x: Array, span: SampleSpan) -> Array:
        shape = (2, x.shape[-1], self.stride, self.features)
        kernel = self.param("kernel", nn.initializers.lecun_normal(), shape)
        bias = self.param("bias", nn.initializers.zeros_init(), (self.features,))
        wide = self.preceded(x, jnp.zeros_like(x[:, :1]), span)
        y = convolve(wide, kernel.reshape(*shape[:2], -1), 1)
        return y.reshape(x.shape[0], -1, self.features) + bias[None, None, :]


def convolve(x: Array, kernel: Array, stride: int) -> Array:
    """`x` `[B, N, C]` with `kernel` `[k, C, D]`, no padding."""
    layout = ("NWC", "WIO", "NWC")
    return jax.lax.conv_general_dilated(
        x, kernel, (stride,), "VALID", dimension_numbers=layout, precision=PRECISION
    )


class LSTM(nn.Module):
    """Layers of an LSTM of the input's width, and the input added to the last: `[B, N, C]`.

    A layer's weights: `kernel` `[C, 4 C]`, `recurrent` `[C, 4 C]`, `bias` `[4 C]`, for the input,
    forget, cell and output gates in that order.
    """

    layers: int

    @nn.compact
    def __call__(self, x: Array, span: SampleSpan) -> Array:
        size = x.shape[-1]
        y = x
        for index in range(self.layers):
            matrix, vector = nn.initializers.lecun_normal(), nn.initializers.zeros_init()
            kernel, recurrent = (
                self.param(f"{name}_{index}", matrix, (size, 4 * size)) for name in ("kernel", "recurrent")
            )
            bias = self.param(f"bias_{index}", vector, (4 * size,))
            begin = jnp.zeros((2, x.shape[0], size), x.dtype)
            carry = None
            if not span.is_whole:
                carry = self.variable(CARRY, f"state_{index}", lambda begin=begin: begin)
                begin = jnp.where(span.first, begin, carry.value)
            # The inputs' share of all steps at once; only the recurrent share has to wait for its turn.
            driven = jnp.dot(y, kernel, precision=PRECISION) + bias[None, None, :]
            state, y = run_lstm(driven, recurrent, begin)
            if carry is not None:
                carry.value = state
        return x + y


def run_lstm(driven: Array, recurrent: Array, begin: Array) -> tuple[Array, Array]:
    """One LSTM layer over time.

    Args:
        driven: `[B, N, 4 C]`, what the inputs and the bias give to the gates.
        recurrent: `[C, 4 C]`.
        begin: `[2, B, C]`, output and cell before the first step.

    Returns:
        Output and cell after the last step, `[2, B, C]`, and the outputs `[B, N, C]`.
    """

    def step(state, gates):
        output, cell = state
        gates = gates + jnp.dot(output, recurrent, precision=PRECISION)
        enter, forget, value, leave = jnp.split(gates, 4, axis=-1)
        cell = jax.nn.sigmoid(forget) * cell + jax.nn.sigmoid(enter) * jnp.tanh(value)
        output = jax.nn.sigmoid(leave) * jnp.tanh(cell)
        return (output, cell), output

    state, outputs = jax.lax.scan(step, (begin[0], begin[1]), jnp.swapaxes(driven, 0, 1))
    return jnp.stack(state), jnp.swapaxes(outputs, 0, 1)


class ResidualBlock(nn.Module):
    """Two convolutions through half the channels beside a pointwise one: `[B, N, C]`."""

    kernel_size: int
    compress: int

    @nn.compact
    def __call__(self, x: Array, span: SampleSpan) -> Array:
        size = x.shape[-1]
        y = CausalConv(size // self.compress, self.kernel_size, name="conv1")(nn.elu(x), span)
        y = CausalConv(size, 1, name="conv2")(nn.elu(y), span)
        return CausalConv(size, 1, name="shortcut")(x, span) + y
