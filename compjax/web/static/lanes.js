// What is drawn in the lanes of a figure.

import { css, line, ramp, rem, withAlpha } from "./drawing.js";
import { capital, make, recall, SOURCES } from "./tools.js";

export function chordsLane(chords, source = "") {
  const names = chords.map((chord) => chord.name).join(", ");
  const element = ({ seconds }) => {
    const lane = make("div", { className: `chords ${source}`, role: "img", "aria-label": `Chords: ${names || "none"}` });
    for (const { start, end, name } of chords) lane.append(chordSpan("span", { start, end, name }, seconds));
    return lane;
  };
  return { element };
}

export function chordSpan(tag, { start, end, name }, seconds) {
  const span = make(tag, { className: "chord", title: `${name}, from ${start.toFixed(1)} s` }, name);
  span.style.left = `${(100 * start) / seconds}%`;
  span.style.width = `${(100 * (Math.min(end, seconds) - start)) / seconds}%`;
  return span;
}

// A spectrogram or a waveform, as the visitor has chosen.
export function soundLane(data, shape) {
  return recall("view") === "waveform" ? waveformLane(data, shape) : spectrogramLane(data, shape);
}

function waveformLane(data, { beats = [], height = 6, what }) {
  const peaks = Uint8Array.from(atob(data.peaks), (c) => c.charCodeAt(0));
  const draw = ({ pen, width, height, x, host }) => {
    pen.fillStyle = css("--card", host);
    pen.fillRect(0, 0, width, height);
    pen.fillStyle = css("--own", host);
    const step = x(data.seconds_per_column);
    peaks.forEach((peak, i) => {
      const half = Math.max((peak / 255) * height / 2, 0.5);
      pen.fillRect(i * step, height / 2 - half, Math.max(step, 1), 2 * half);
    });
    drawBeats(pen, beats.map(x), height);
  };
  return { height, draw, label: `Waveform of ${what}${beats.length ? `, ${beats.length} beats marked` : ""}` };
}

function spectrogramLane(data, { beats = [], height = 6, what }) {
  const bytes = Uint8Array.from(atob(data.levels), (c) => c.charCodeAt(0));
  const draw = ({ pen, width, height, x, host }) => {
    const colours = ramp(...["--card", "--soft", "--own", "--ink"].map((name) => css(name, host)));
    const image = new ImageData(data.columns, data.bands);
    for (let column = 0; column < data.columns; column++) {
      for (let band = 0; band < data.bands; band++) {
        const [r, g, b] = colours[bytes[column * data.bands + band]];
        image.data.set([r, g, b, 255], 4 * ((data.bands - 1 - band) * data.columns + column));
      }
    }
    const sheet = make("canvas", { width: data.columns, height: data.bands });
    sheet.getContext("2d").putImageData(image, 0, 0);
    pen.imageSmoothingEnabled = true;
    pen.drawImage(sheet, 0, 0, x(data.columns * data.seconds_per_column), height);
    drawBeats(pen, beats.map(x), height);
    pen.strokeStyle = css("--line");
    pen.strokeRect(0.5, 0.5, width - 1, height - 1);
  };
  const beat = beats.length ? `, with ${beats.length} beats` : "";
  return { height, draw, label: `Spectrogram of ${what}${beat}` };
}

// Dashes in ink on paper, seen on light and on dark ground, each hanging from a small wedge.
function drawBeats(pen, places, height) {
  for (const place of places) {
    pen.lineWidth = 1;
    for (const [colour, shift] of [["--card", 3], ["--ink", 0]]) {
      pen.strokeStyle = withAlpha(css(colour), 0.7);
      pen.setLineDash([3, 3]);
      pen.lineDashOffset = shift;
      line(pen, place, 0, place, height);
    }
    pen.setLineDash([]);
    pen.fillStyle = css("--ink");
    pen.strokeStyle = css("--card");
    pen.beginPath();
    pen.moveTo(place - 4.5, 0);
    pen.lineTo(place + 4.5, 0);
    pen.lineTo(place, 7);
    pen.closePath();
    pen.fill();
    pen.stroke();
  }
}

export function hitsLane(onsets, what) {
  const draw = ({ pen, height, x, host }) => {
    pen.fillStyle = css("--own", host);
    for (const [time, voice, velocity] of onsets) {
      pen.globalAlpha = 0.4 + 0.6 * velocity;
      pen.beginPath();
      pen.arc(Math.max(x(time), 3), height * (2.5 - voice) / 3, (0.11 + 0.13 * velocity) * rem(), 0, 7);
      pen.fill();
    }
    pen.globalAlpha = 1;
  };
  return { height: 2.3, draw, label: `${onsets.length} onsets heard in ${what}, low to high` };
}

export const pitchName = (pitch) => `${["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"][pitch % 12]}${Math.floor(pitch / 12) - 1}`;

export function rollLane({ notes, onsets, seconds }, sources) {
  const pitches = notes.map((note) => note[2]);
  const low = Math.min(...pitches, 60) - 2, high = Math.max(...pitches, 60) + 2;
  const draw = ({ pen, width, height, x }) => {
    const row = height / (high - low + 1);
    const y = (pitch) => height - (pitch - low + 0.5) * row;
    pen.fillStyle = css("--card");
    pen.fillRect(0, 0, width, height);
    pen.strokeStyle = css("--line");
    for (let pitch = low; pitch <= high; pitch++) if (pitch % 12 === 0) line(pen, 0, y(pitch), width, y(pitch));
    pen.strokeStyle = withAlpha(css(`--${sources.rhythm}`), 0.55);
    new Set(onsets.map((onset) => onset[0])).forEach((time) => line(pen, x(time), 0, x(time), height));
    pen.fillStyle = css("--result");
    const thick = Math.max(Math.min(row * 0.85, 0.8 * rem()), 3);
    for (const [start, end, pitch, velocity] of notes) {
      pen.globalAlpha = 0.45 + 0.55 * velocity;
      pen.beginPath();
      pen.roundRect(x(start), y(pitch) - thick / 2, Math.max(x(end) - x(start) - 1, 2), thick, 2);
      pen.fill();
    }
    pen.globalAlpha = 1;
    pen.font = `${0.75 * rem()}px system-ui, sans-serif`;
    for (let pitch = low; pitch <= high; pitch++) {
      if (pitch % 12) continue;
      const word = pitchName(pitch);
      pen.fillStyle = withAlpha(css("--card"), 0.8);
      pen.fillRect(0, y(pitch) - 0.5 * rem(), pen.measureText(word).width + 6, rem());
      pen.fillStyle = css("--quiet");
      pen.fillText(word, 3, y(pitch) + 0.27 * rem());
    }
    pen.strokeRect(0.5, 0.5, width - 1, height - 1);
  };
  const range = notes.length ? ` from ${pitchName(Math.min(...pitches))} to ${pitchName(Math.max(...pitches))}` : "";
  const label = `Piano roll of the result: ${notes.length} notes${range} in ${seconds.toFixed(1)} seconds, over ${onsets.length} onsets`;
  return { height: 11, draw, label };
}

// The factors whose weights are not the same all along: where they are, the table says it all.
export function moving({ components }) {
  const flat = (values) => Math.max(...values) - Math.min(...values) < 0.05;
  return (factor) => !SOURCES.every((source) => flat(components[`${source} ${factor}`]));
}

export function weightsLane(weights, factor) {
  const [ofInput, ofTarget] = SOURCES.map((source) => weights.components[`${source} ${factor}`]);
  const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
  const draw = ({ pen, width, height, x }) => {
    const middle = height / 2;
    pen.fillStyle = css("--card");
    pen.fillRect(0, 0, width, height);
    for (const [values, colour, way] of [[ofInput, "--input", -1], [ofTarget, "--target", 1]]) {
      pen.fillStyle = css(colour);
      pen.beginPath();
      pen.moveTo(0, middle);
      values.forEach((value, i) => {
        const y = middle + way * value * (middle - 1);
        pen.lineTo(x(i * weights.seconds_per_step), y);
        pen.lineTo(Math.min(x((i + 1) * weights.seconds_per_step), width), y);
      });
      pen.lineTo(width, middle);
      pen.fill();
    }
    pen.fillStyle = css("--edge");
    pen.fillRect(0, middle - 0.5, width, 1);
    pen.font = `600 ${0.8 * rem()}px system-ui, sans-serif`;
    const word = capital(factor);
    pen.fillStyle = withAlpha(css("--card"), 0.88);
    pen.beginPath();
    pen.roundRect(4, middle - 0.62 * rem(), pen.measureText(word).width + 0.9 * rem(), 1.24 * rem(), 4);
    pen.fill();
    pen.fillStyle = css("--ink");
    pen.fillText(word, 4 + 0.45 * rem(), middle + 0.29 * rem());
  };
  const label = `Weights of the ${factor} over time: input ${mean(ofInput).toFixed(2)}, target ${mean(ofTarget).toFixed(2)} on average`;
  return { height: 2.4, draw, label };
}
