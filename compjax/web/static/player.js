// Playing: tracks on one transport, of which one is heard; a loop, and a metronome.

import { loudnessOf } from "./sound.js";

const FADE = 0.008;        // seconds between two tracks
const AHEAD = 0.15;        // seconds that clicks are planned ahead
const MOST_GAIN = 8;       // of a track that is made as loud as the first
let context = null;
let sounding = null;       // the player that plays; there is one at a time

export class Player {
  constructor() {
    this.tracks = new Map();   // name -> { buffer, loudness, peak }
    this.selected = "";
    this.duration = 0;
    this.at = 0;
    this.loop = false;
    this.region = null;        // [from, to] in seconds, of the loop
    this.reference = null;     // how loud the first was
    this.even = true;          // all tracks as loud as the first
    this.metronome = false;
    this.grid = null;          // { beats, bars }
    this.running = null;
    this.listeners = [];
  }

  get playing() { return this.running !== null; }

  get bounds() { return this.region || [0, this.duration]; }

  // Seconds since the beginning, turns of the loop not taken off.
  get passed() {
    const late = context.outputLatency || 0;
    return this.running.from + Math.max(0, context.currentTime - this.running.since - late);
  }

  get position() {
    if (!this.running) return this.at;
    const passed = this.passed, [from, to] = this.bounds;
    if (!this.loop) return Math.min(passed, this.duration);
    return passed < to ? passed : from + ((passed - from) % (to - from));
  }

  async add(name, buffer) {
    const measured = await loudnessOf(buffer);
    this.reference ??= measured.loudness;
    this.tracks.set(name, { buffer, ...measured });
    if (name === this.selected) this.switchTo(name);
    this.tell();
  }

  select(name) {
    if (name === this.selected) return;
    this.selected = name;
    this.switchTo(name);
    this.tell();
  }

  // The place is kept; where the tracks are not equally long, the same part of the whole is.
  switchTo(name) {
    const track = this.tracks.get(name);
    if (!track) return;
    const before = this.duration, position = this.position;
    const same = Math.abs(track.buffer.duration - before) < 0.06;
    this.duration = track.buffer.duration;
    const at = same || !before ? position : (position / before) * this.duration;
    if (!same && before) this.region = null;
    if (this.playing) this.restart(Math.min(at, this.duration));
    else this.at = Math.min(at, this.duration);
  }

  gainOf(track) {
    if (!this.even || !Number.isFinite(track.loudness) || !Number.isFinite(this.reference)) return 1;
    const wanted = 10 ** ((this.reference - track.loudness) / 20);
    return Math.min(wanted, MOST_GAIN, 1 / Math.max(track.peak, 1e-3));
  }

  async play() {
    if (sounding && sounding !== this) sounding.pause();
    sounding = this;
    context ||= new AudioContext();
    if (context.state !== "running") await context.resume();
    if (this.at >= this.duration - 0.02) this.at = 0;
    this.start();
    this.tick();
  }

  start() {
    const track = this.tracks.get(this.selected), since = context.currentTime + 0.02;
    const [from, to] = this.bounds;
    if (this.loop && (this.at < from || this.at >= to)) this.at = from;
    this.running = { since, from: this.at, clicked: this.at - 0.001, gain: context.createGain(), source: null };
    const { gain } = this.running;
    gain.connect(context.destination);
    if (!track) return;
    gain.gain.setValueAtTime(0, since);
    gain.gain.linearRampToValueAtTime(this.gainOf(track), since + FADE);
    const shape = { buffer: track.buffer, loop: this.loop, loopStart: from, loopEnd: to };
    this.running.source = new AudioBufferSourceNode(context, shape);
    this.running.source.connect(gain);
    this.running.source.start(since, this.at);
  }

  stop() {
    const { source, gain } = this.running || {};
    gain?.gain.cancelScheduledValues(context.currentTime);
    gain?.gain.setTargetAtTime(0, context.currentTime, FADE / 2);
    source?.stop(context.currentTime + 4 * FADE);
    this.running = null;
  }

  pause() {
    this.at = this.position;
    this.stop();
    this.tell();
  }

  restart(at) {
    this.stop();
    this.at = at;
    this.start();
  }

  seek(seconds) {
    const at = Math.max(0, Math.min(seconds, this.duration));
    if (this.playing) this.restart(at);
    else this.at = at;
    this.tell();
  }

  // Loop or not, and what: null is the whole.
  setLoop(loop, region = this.region) {
    const at = this.position;
    this.loop = loop;
    this.region = region && region[1] - region[0] > 0.05 ? region : null;
    if (this.playing) this.restart(at);
    this.tell();
  }

  setEven(even) {
    this.even = even;
    if (this.playing) this.restart(this.position);
  }

  clear() {
    if (this.running) this.stop();
    this.tracks.clear();
    this.reference = null;
    this.at = 0;
    this.region = null;
    this.tell();
  }

  tick() {
    if (!this.playing) return;
    if (!this.loop && this.position >= this.duration) {
      this.stop();
      this.at = 0;
    } else if (this.metronome && this.grid) {
      this.click();
    }
    this.tell();
    if (this.playing) requestAnimationFrame(() => this.tick());
  }

  // Plan the clicks of the next moment.
  click() {
    const { since, from } = this.running, [begin, end] = this.bounds, bars = new Set(this.grid.bars);
    const until = context.currentTime - since + from + AHEAD, after = this.running.clicked;
    this.grid.beats.forEach((beat, i) => {
      const turn = end - begin;
      const laps = this.loop && beat >= begin && beat < end ? Math.ceil(Math.max(0, until - end) / turn) : 0;
      for (let lap = Math.max(0, laps - 1); lap <= laps; lap++) {
        const place = beat + lap * turn;
        const within = lap > 0 || !this.loop || beat < end;
        if (within && place > after && place <= until && place >= from) blip(since + place - from, bars.has(i));
      }
    });
    this.running.clicked = until;
  }

  tell() { this.listeners.forEach((listener) => listener(this)); }
}

// A click of the metronome, higher where a bar begins.
export function blip(when, accented, on = context) {
  const tone = new OscillatorNode(on, { frequency: accented ? 1760 : 1175 }), gain = on.createGain();
  const start = Math.max(when, on.currentTime);
  gain.gain.setValueAtTime(accented ? 0.35 : 0.2, start);
  gain.gain.exponentialRampToValueAtTime(0.001, start + 0.05);
  tone.connect(gain).connect(on.destination);
  tone.start(start);
  tone.stop(start + 0.06);
}
