// The page: two clips, switches, a job in the queue, and what came of it. Nothing is loaded from elsewhere.

const SOURCES = ["input", "target"];
const FACTORS = ["rhythm", "harmony", "timbre"];
const HINTS = { input: "gives the length, and usually the rhythm", target: "usually gives harmony and timbre" };
const POLL_MS = 400;
const CLIP_SCALE = 24, RESULT_SCALE = 48;  // least pixels for a second: figures of long clips scroll
const MAX_SHEET_PX = 12000;    // browsers refuse wider canvases
const $ = (id) => document.getElementById(id);

// ---- small tools

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in element && name !== "role" && name !== "list") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const say = (text) => { $("spoken").textContent = text; };

function icon(name) {
  const paths = {
    play: '<path class="solid" d="M8 5.5v13l11-6.5z"/>',
    pause: '<path class="solid" d="M7 5h3.6v14H7zM13.4 5H17v14h-3.6z"/>',
  };
  const holder = document.createElement("template");
  holder.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true">${paths[name]}</svg>`;
  return holder.content.firstChild;
}

// ---- the server

class Refusal extends Error {
  constructor(message, code) { super(message); this.code = code; }
}

async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { cache: "no-store", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal("the server does not answer; is compjax-serve still running?", "unreachable");
  }
  if (answer.ok) return answer;
  const body = await answer.json().catch(() => ({}));
  throw new Refusal(body.error || `the server answered ${answer.status}`, body.code);
}

const askJson = async (path, options) => (await ask(path, options)).json();
const forget = (path) => fetch(path, { method: "DELETE", keepalive: true }).catch(() => {});

let server = { limits: { max_bytes: Infinity, max_seconds: Infinity, max_samples: 8 }, model: "loading" };

async function modelReady() {
  while (server.model === "loading") {
    await sleep(1000);
    await readStatus();
  }
  return server.model === "ready";
}

async function readStatus() {
  try {
    server = await askJson("/api/status");
    $("model").textContent = {
      loading: "The model is loading; choose your clips meanwhile.",
      failed: `The model could not be loaded: ${server.error}`,
      ready: "",
    }[server.model];
  } catch (error) {
    $("model").textContent = capital(error.message);
  }
}

// ---- sound that the browser knows and the server may not

async function decode(bytes, rate) {
  return new OfflineAudioContext(1, 1, rate).decodeAudioData(bytes);
}

async function toWav(blob) {
  const sound = await decode(await blob.arrayBuffer(), 48000);
  const mono = new Float32Array(sound.length);
  for (let c = 0; c < sound.numberOfChannels; c++) {
    const channel = sound.getChannelData(c);
    for (let i = 0; i < mono.length; i++) mono[i] += channel[i] / sound.numberOfChannels;
  }
  const view = new DataView(new ArrayBuffer(44 + 2 * mono.length));
  const text = (at, word) => [...word].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  text(0, "RIFF"); view.setUint32(4, 36 + 2 * mono.length, true); text(8, "WAVEfmt ");
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
  view.setUint32(24, sound.sampleRate, true); view.setUint32(28, 2 * sound.sampleRate, true);
  view.setUint16(32, 2, true); view.setUint16(34, 16, true);
  text(36, "data"); view.setUint32(40, 2 * mono.length, true);
  mono.forEach((x, i) => view.setInt16(44 + 2 * i, Math.round(32767 * Math.max(-1, Math.min(1, x))), true));
  return new Blob([view], { type: "audio/wav" });
}

// ---- playing: tracks of one length run together, and one of them is heard

let context = null;
let sounding = null;  // the player that plays; there is one at a time

class Player {
  constructor() {
    this.tracks = new Map();
    this.selected = "";
    this.duration = 0;
    this.at = 0;
    this.loop = false;
    this.running = null;
    this.listeners = [];
  }

  get playing() { return this.running !== null; }

  get position() {
    if (!this.running) return this.at;
    const late = context.outputLatency || 0;
    const passed = this.at + Math.max(0, context.currentTime - this.running.since - late);
    return this.loop ? passed % this.duration : Math.min(passed, this.duration);
  }

  // Tracks are made equally long, so that they loop together.
  add(name, sound) {
    const length = Math.max(1, Math.round(this.duration * sound.sampleRate));
    const fitted = new AudioBuffer({ length, sampleRate: sound.sampleRate, numberOfChannels: 1 });
    fitted.copyToChannel(sound.getChannelData(0).subarray(0, length), 0);
    this.tracks.set(name, fitted);
    if (this.playing) this.restart(this.position);
    this.tell();
  }

  select(name) {
    this.selected = name;
    for (const [track, { gain }] of this.running?.sources || []) {
      gain.gain.setTargetAtTime(track === name ? 1 : 0, context.currentTime, 0.008);
    }
    this.tell();
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
    const since = context.currentTime + 0.02;
    const sources = new Map();
    for (const [name, buffer] of this.tracks) {
      const gain = context.createGain();
      gain.gain.value = name === this.selected ? 1 : 0;
      const source = new AudioBufferSourceNode(context, { buffer, loop: this.loop });
      source.connect(gain).connect(context.destination);
      source.start(since, this.at);
      sources.set(name, { source, gain });
    }
    this.running = { since, sources };
  }

  stop() {
    for (const { source } of this.running?.sources.values() || []) source.stop();
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

  setLoop(loop) {
    const at = this.position;
    this.loop = loop;
    if (this.playing) this.restart(at);
  }

  clear() {
    this.stop();
    this.tracks.clear();
    this.at = 0;
    this.tell();
  }

  tick() {
    if (!this.playing) return;
    if (!this.loop && this.position >= this.duration) {
      this.stop();
      this.at = 0;
    }
    this.tell();
    requestAnimationFrame(() => this.tick());
  }

  tell() { this.listeners.forEach((listener) => listener(this)); }
}

function transport(host, player, { name, looping = false, prepare = null }) {
  const button = make("button", { type: "button", className: "round" });
  const slider = make("input", { type: "range", min: 0, step: 0.01, value: 0, "aria-label": `Position in ${name}` });
  const time = make("span", { className: "time" });
  host.replaceChildren(button, slider, time);
  if (looping) {
    const box = make("input", { type: "checkbox" });
    box.addEventListener("change", () => player.setLoop(box.checked));
    host.append(make("label", { className: "check" }, box, "Loop"));
  }
  button.addEventListener("click", async () => {
    if (player.playing) return player.pause();
    if (prepare && !(await prepare())) return;
    await player.play();
  });
  slider.addEventListener("input", () => player.seek(Number(slider.value)));
  let shown = null;
  player.listeners.push(() => {
    const position = player.position;
    if (shown !== player.playing) {
      shown = player.playing;
      button.replaceChildren(icon(shown ? "pause" : "play"));
      button.setAttribute("aria-label", `${shown ? "Pause" : "Play"} ${name}`);
    }
    slider.max = player.duration;
    slider.value = position;
    slider.setAttribute("aria-valuetext", `${position.toFixed(1)} of ${player.duration.toFixed(1)} seconds`);
    time.textContent = `${clock(position)} / ${clock(player.duration)}`;
  });
  player.tell();
}

// ---- figures: lanes on one axis of time

const css = (name, host = document.documentElement) => getComputedStyle(host).getPropertyValue(name).trim();
const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);
const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
const withAlpha = (hex, alpha) => `rgba(${rgb(hex).join(",")},${alpha})`;

function ramp(...colours) {
  const stops = colours.map(rgb);
  return Array.from({ length: 256 }, (_, level) => {
    const place = (level / 255) * (stops.length - 1);
    const first = Math.min(Math.floor(place), stops.length - 2);
    return stops[first].map((value, i) => value + (place - first) * (stops[first + 1][i] - value));
  });
}

class Figure {
  // Lanes are { chords, source } or { height (rem), draw(figure), label }, each with a title if it needs one.
  constructor(host, label, { seconds, scale, lanes, player }) {
    Object.assign(this, { host, seconds, scale, lanes, player });
    this.sheet = make("div", { className: "sheet" });
    this.scroller = make("div", { className: "scroll", role: "group", "aria-label": label }, this.sheet);
    this.playhead = make("div", { className: "playhead", hidden: true });
    host.replaceChildren(this.scroller);
    this.build();
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.scroller);
    this.sheet.addEventListener("click", (event) => {
      const box = this.sheet.getBoundingClientRect();
      player.seek(((event.clientX - box.left) / box.width) * this.seconds);
    });
    this.follow = () => this.move();
    player.listeners.push(this.follow);
  }

  remove() {
    this.observer.disconnect();
    this.player.listeners = this.player.listeners.filter((listener) => listener !== this.follow);
    this.host.replaceChildren();
  }

  build() {
    this.canvases = [];
    for (const lane of this.lanes) {
      if (lane.title) this.sheet.append(make("p", { className: "lane-title" }, lane.title));
      if (lane.chords) {
        this.sheet.append(this.chordLane(lane));
        continue;
      }
      const canvas = make("canvas", { role: "img", "aria-label": lane.label });
      this.canvases.push([lane, canvas]);
      this.sheet.append(make("div", { className: "lane" }, canvas));
    }
    this.axis = make("div", { className: "axis", "aria-hidden": "true" });
    this.sheet.append(this.axis, this.playhead);
  }

  chordLane({ chords, source = "" }) {
    const names = chords.map((chord) => chord.name).join(", ");
    const lane = make("div", { className: `lane chords ${source}`, role: "img", "aria-label": `Chords: ${names || "none"}` });
    for (const { start, end, name } of chords) {
      const span = make("span", { title: `${name}, from ${start.toFixed(1)} s` }, name);
      span.style.left = `${(100 * start) / this.seconds}%`;
      span.style.width = `${(100 * (Math.min(end, this.seconds) - start)) / this.seconds}%`;
      lane.append(span);
    }
    return lane;
  }

  draw() {
    const room = this.scroller.clientWidth;
    if (!room) return;
    const wanted = Math.min(this.seconds * this.scale, MAX_SHEET_PX);
    const width = Math.max(room, wanted);
    this.sheet.style.width = `${width}px`;
    const scrolls = width > room + 1;
    this.scroller.tabIndex = scrolls ? 0 : -1;
    const density = Math.min(window.devicePixelRatio || 1, 16000 / width);
    for (const [lane, canvas] of this.canvases) {
      const height = lane.height * rem();
      canvas.width = Math.round(width * density);
      canvas.height = Math.round(height * density);
      canvas.style.height = `${height}px`;
      const pen = canvas.getContext("2d");
      pen.setTransform(density, 0, 0, density, 0, 0);
      lane.draw({ pen, width, height, x: (seconds) => (seconds / this.seconds) * width, host: this.host });
    }
    this.drawAxis(width);
    for (const name of this.sheet.querySelectorAll(".chords span")) {  // a name that has no room is left out
      name.classList.remove("narrow");
      name.classList.toggle("narrow", name.scrollWidth > name.clientWidth);
    }
    this.move();
  }

  drawAxis(width) {
    const least = (4.5 * rem() * this.seconds) / width;
    const step = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600].find((size) => size >= least) || 1200;
    this.axis.replaceChildren();
    for (let second = 0; second <= this.seconds - step * 0.4 || second === 0; second += step) {
      const mark = make("span", {}, second === 0 ? "0 s" : this.seconds > 90 ? clock(second) : `${second}`);
      mark.style.left = `${(100 * second) / this.seconds}%`;
      this.axis.append(mark);
    }
  }

  move() {
    const position = this.player.position;
    this.playhead.hidden = !(this.player.playing || position > 0);
    this.playhead.style.left = `${(100 * position) / this.seconds}%`;
    if (!this.player.playing) return;
    const at = (position / this.seconds) * this.sheet.clientWidth;
    const { scrollLeft, clientWidth } = this.scroller;
    if (at < scrollLeft || at > scrollLeft + 0.95 * clientWidth) this.scroller.scrollLeft = at - 0.1 * clientWidth;
  }
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

function line(pen, x0, y0, x1, y1) {
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
}

function hitsLane(onsets, what) {
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

const pitchName = (pitch) => `${["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"][pitch % 12]}${Math.floor(pitch / 12) - 1}`;

function rollLane({ notes, onsets, seconds }, sources) {
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

function weightsLane(weights, factor) {
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

// ---- a clip

class Card {
  constructor(role) {
    this.role = role;
    this.host = $(`clip-${role}`);
    this.host.append($("clip-template").content.cloneNode(true));
    const find = (selector) => this.host.querySelector(selector);
    this.parts = Object.fromEntries(
      ["drop", "recording", "loaded", "busy", "error", "remove", "name", "facts", "figure", "transport", "limits", "clock"]
        .map((name) => [name, find(`.${name}`)]));
    find(".role").textContent = capital(role);
    find(".hint").textContent = HINTS[role];
    find("h3").id = `${role}-title`;
    find("input[type=file]").setAttribute("aria-label", `Choose a file for the ${role}`);
    find(".record").setAttribute("aria-label", `Record the ${role}`);
    this.parts.remove.setAttribute("aria-label", `Remove the ${role}`);
    this.player = new Player();
    this.player.selected = "clip";
    transport(this.parts.transport, this.player, { name: `the ${role}`, prepare: () => this.fetchSound() });
    this.state = null;
    this.turn = 0;
    this.listen(find);
  }

  listen(find) {
    const file = find("input[type=file]");
    file.addEventListener("change", () => { if (file.files[0]) this.take({ file: file.files[0] }); file.value = ""; });
    this.parts.remove.addEventListener("click", () => { this.clear(); file.focus(); });
    if (navigator.mediaDevices?.getUserMedia && window.MediaRecorder) {
      find(".record").addEventListener("click", () => this.record());
    } else {
      find(".record").hidden = true;
    }
    this.host.addEventListener("dragover", (event) => { event.preventDefault(); this.host.classList.add("over"); });
    this.host.addEventListener("dragleave", () => this.host.classList.remove("over"));
    this.host.addEventListener("drop", (event) => {
      event.preventDefault();
      this.host.classList.remove("over");
      if (event.dataTransfer.files[0]) this.take({ file: event.dataTransfer.files[0] });
    });
  }

  show(part) {
    for (const name of ["drop", "recording", "loaded"]) this.parts[name].hidden = name !== part;
    this.parts.remove.hidden = part !== "loaded";
    changed();
  }

  // origin: { file } or { example }; it is kept, so that the clip can be sent again if the server forgot it.
  async take(origin) {
    this.clear();
    const turn = this.turn;
    this.parts.busy.textContent = origin.file ? `Reading ${origin.file.name} …` : "Reading the example …";
    try {
      const clip = await send(origin);
      if (turn === this.turn) this.set({ origin, clip, spectrogram: null, heard: null });
      else forget(`/api/clips/${clip.id}`);
    } catch (error) {
      if (turn === this.turn) this.fail(error);
    }
  }

  fail(error) {
    this.parts.busy.textContent = "";
    this.parts.error.textContent = error.message;
  }

  set(state) {
    this.turn++;
    this.discardRecording?.();
    this.player.clear();
    this.figure?.remove();
    this.figure = null;
    for (const name of ["busy", "error", "facts"]) this.parts[name].textContent = "";
    this.state = state;
    if (!state) return this.show("drop");
    this.parts.name.textContent = state.clip.name;
    this.player.duration = state.clip.seconds;
    this.player.tell();
    this.show("loaded");
    this.analyse(this.turn);
  }

  clear() {
    if (this.state) forget(`/api/clips/${this.state.clip.id}`);
    this.set(null);
  }

  async analyse(turn) {
    const state = this.state, at = `/api/clips/${state.clip.id}`;
    const facts = (text) => { if (turn === this.turn) this.parts.facts.textContent = text; };
    try {
      state.spectrogram ||= await askJson(`${at}/spectrogram`);
      if (turn !== this.turn) return;
      this.draw();
      if (!state.heard) {
        facts(`${state.clip.seconds.toFixed(1)} seconds · listening for beats and chords …`);
        if (!(await modelReady())) return facts(`${state.clip.seconds.toFixed(1)} seconds`);
        state.heard = await askJson(`${at}/heard`);
        if (turn !== this.turn) return;
        this.draw();
      }
      facts(this.facts());
    } catch (error) {
      facts("");
      if (turn === this.turn) this.parts.error.textContent = error.message;
    }
  }

  facts() {
    const { clip, heard } = this.state;
    const tempo = heard.tempo ? `${Math.round(heard.tempo)} beats per minute` : "no steady beat";
    const lengths = new Map();
    for (const { name, start, end } of heard.chords) lengths.set(name, (lengths.get(name) || 0) + end - start);
    const longest = [...lengths].sort((a, b) => b[1] - a[1]).slice(0, 4).map(([name]) => name);
    const chords = longest.length ? `${lengths.size > 4 ? "mostly" : "chords"} ${longest.join(", ")}` : "no chords";
    return [`${clip.seconds.toFixed(1)} seconds`, tempo, chords].join(" · ");
  }

  draw() {
    const { clip, spectrogram, heard } = this.state;
    this.figure?.remove();
    const lanes = [spectrogramLane(spectrogram, { beats: heard?.beats, what: `the ${this.role}` })];
    if (heard) {
      lanes.unshift({ chords: heard.chords });
      if (heard.onsets.length) lanes.push(hitsLane(heard.onsets, `the ${this.role}`));
    }
    const shape = { seconds: clip.seconds, scale: CLIP_SCALE, lanes, player: this.player };
    this.figure = new Figure(this.parts.figure, `Picture of the ${this.role}`, shape);
  }

  async fetchSound() {
    if (this.player.tracks.size) return true;
    const turn = this.turn;
    try {
      await this.ensure();
      const sound = await (await ask(`/api/clips/${this.state.clip.id}/audio.wav`)).arrayBuffer();
      const decoded = await decode(sound, 24000);
      if (turn === this.turn) this.player.add("clip", decoded);
      return turn === this.turn;
    } catch (error) {
      this.parts.error.textContent = error.message;
      return false;
    }
  }

  // Send the clip again if the server has forgotten it.
  async ensure() {
    try {
      await ask(`/api/clips/${this.state.clip.id}`);
    } catch (error) {
      if (error.code !== "gone") throw error;
      this.state.clip = await send(this.state.origin);
    }
  }

  async record() {
    const { max_seconds } = server.limits;
    const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    this.parts.error.textContent = "";
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: plain });
    } catch (error) {
      this.parts.error.textContent = error.name === "NotFoundError"
        ? "No microphone was found." : "The microphone may not be used; allow it in the browser's settings.";
      return;
    }
    const recorder = new MediaRecorder(stream), chunks = [], began = performance.now();
    let kept = true;
    const [stop, discard] = ["stop", "discard"].map((name) => this.host.querySelector(`.${name}`));
    const end = () => { if (recorder.state !== "inactive") recorder.stop(); };
    stop.onclick = end;
    this.discardRecording = discard.onclick = () => { kept = false; end(); };
    const timer = setInterval(() => {
      const seconds = (performance.now() - began) / 1000;
      this.parts.clock.textContent = clock(seconds);
      if (seconds > max_seconds - 0.5) end();
    }, 200);
    recorder.ondataavailable = (event) => chunks.push(event.data);
    recorder.onstop = async () => {
      clearInterval(timer);
      stream.getTracks().forEach((track) => track.stop());
      this.discardRecording = null;
      if (!kept && this.state) return;  // another clip has come in the meantime
      this.show("drop");
      if (!kept) return this.host.querySelector(".record").focus();
      try {
        this.parts.busy.textContent = "Reading the recording …";
        const wav = await toWav(new Blob(chunks, { type: recorder.mimeType }));
        await this.take({ file: new File([wav], "recording.wav") });
      } catch {
        this.parts.busy.textContent = "";
        this.parts.error.textContent = "Nothing was recorded; try again for at least half a second.";
      }
    };
    recorder.start(1000);
    this.parts.clock.textContent = "0:00";
    this.show("recording");
    stop.focus();
  }
}

async function send(origin) {
  if (origin.example) return askJson(`/api/examples/${encodeURIComponent(origin.example)}`, { method: "POST" });
  const { file } = origin, { max_bytes } = server.limits;
  if (file.size > max_bytes) {
    throw new Refusal(`${file.name}: ${Math.ceil(file.size / 1e6)} MB is more than the ${Math.round(max_bytes / 1e6)} MB that this server takes`);
  }
  const upload = (body) => askJson(`/api/clips?name=${encodeURIComponent(file.name)}`, {
    method: "POST", body, headers: { "Content-Type": "application/octet-stream" },
  });
  try {
    return await upload(file);
  } catch (error) {
    if (!/ can be read/.test(error.message)) throw error;
    const wav = await toWav(file).catch(() => null);  // the browser may know what the server does not
    if (!wav || wav.size > max_bytes) throw error;
    return upload(wav);
  }
}

// ---- options

const cards = {};
let job = null;  // { id, options } of the composition that is waited for

function buildOptions() {
  for (const factor of FACTORS) {
    const choice = make("fieldset", { className: "choice" }, make("legend", {}, capital(factor)));
    for (const value of ["input", "auto", "target"]) {
      const radio = make("input", { type: "radio", name: factor, value, checked: value === "auto" });
      choice.append(make("label", { className: value }, radio, make("span", {}, capital(value))));
    }
    $("switches").append(choice);
  }
  for (const source of SOURCES) {
    const group = make("fieldset", { className: source }, make("legend", {}, capital(source)));
    for (const factor of FACTORS) {
      const number = make("output");
      const slider = make("input", { type: "range", min: 0, max: 1, step: 0.01, id: `weight-${source}-${factor}` });
      slider.setAttribute("aria-label", `Weight of the ${source}'s ${factor}`);
      const tell = () => { number.textContent = Number(slider.value).toFixed(2); };
      slider.addEventListener("input", tell);
      slider.value = (source === "input") === (factor === "rhythm") ? 1 : 0;
      tell();
      group.append(make("label", {}, make("span", {}, capital(factor)), slider, number));
    }
    $("weights").append(group);
  }
  $("numbers").addEventListener("toggle", () => {
    for (const choice of $("switches").children) {
      choice.disabled = $("numbers").open;
      choice.classList.toggle("off", $("numbers").open);
    }
    if ($("numbers").open) startWeights();
  });
  $("draw").addEventListener("click", () => { $("seed").value = Math.floor(Math.random() * 1e6); });
}

// The sliders begin where the switches stand.
function startWeights() {
  for (const factor of FACTORS) {
    const value = document.querySelector(`input[name=${factor}]:checked`).value;
    if (value === "auto") continue;
    for (const source of SOURCES) {
      const slider = $(`weight-${source}-${factor}`);
      slider.value = source === value ? 1 : 0;
      slider.dispatchEvent(new Event("input"));
    }
  }
}

function order() {
  const wanted = {
    input: cards.input.state.clip.id,
    target: cards.target.state.clip.id,
    num_samples: Number($("num_samples").value),
    seed: Number($("seed").value),
    align: $("align").checked,
  };
  if ($("numbers").open) {
    wanted.weights = SOURCES.flatMap((s) => FACTORS.map((f) => Number($(`weight-${s}-${f}`).value)));
  } else {
    for (const factor of FACTORS) wanted[factor] = document.querySelector(`input[name=${factor}]:checked`).value;
  }
  return wanted;
}

function changed() {
  const ready = SOURCES.every((role) => cards[role]?.state);
  $("compose").disabled = !ready || job !== null;
  $("compose").hidden = job !== null;
  $("working").hidden = job === null;
  $("missing").hidden = ready || job !== null;
  $("recompose").disabled = $("compose").disabled;
  $("swap").disabled = !SOURCES.some((role) => cards[role]?.state);
}

// ---- composing

// On the chords that are heard, or on `chords`, the text of a file of chords.
async function compose(chords = null) {
  if (job || $("compose").disabled) return;
  job = { id: null, cancelled: false };
  const mine = job;
  $("compose-error").textContent = "";
  $("progress").value = 0;
  $("phase").textContent = "Sending";
  changed();
  $("cancel").focus();
  try {
    await Promise.all(SOURCES.map((role) => cards[role].ensure()));
    const body = JSON.stringify(chords === null ? order() : { ...order(), chords });
    const begun = await askJson("/api/compositions", { method: "POST", body, headers: { "Content-Type": "application/json" } });
    mine.id = begun.id;
    if (mine.cancelled) forget(`/api/compositions/${mine.id}`);
    else await follow(mine, begun);
  } catch (error) {
    if (!mine.cancelled) $("compose-error").textContent = capital(error.message);
  } finally {
    const focused = $("working").contains(document.activeElement) || document.activeElement === document.body;
    job = null;
    changed();
    if (focused) ($("result").hidden || $("compose-error").textContent || mine.cancelled ? $("compose") : $("result")).focus({ preventScroll: true });
  }
}

async function follow(mine, now) {
  let shown = 0;
  while (!mine.cancelled) {
    $("progress").value = now.progress;
    $("phase").textContent = phaseInWords(now);
    if (now.results.length > shown) {
      showResults(now);
      if (!shown) reveal();
      shown = now.results.length;
    }
    if (now.state === "failed") throw new Refusal(now.error);
    if (now.state === "done") return say(`Done: ${shown} ${shown === 1 ? "variation" : "variations"}.`);
    if (now.state === "cancelled") throw new Refusal("the composition was cancelled");
    await sleep(POLL_MS);
    if (!mine.cancelled) now = await askJson(`/api/compositions/${mine.id}`);
  }
}

function phaseInWords({ state, position, waits_for_model, words, results, options, progress }) {
  if (waits_for_model) return "Waiting for the model to load";
  if (state === "queued") {
    return ["Starting", "Waiting: one composition comes first"][position] || `Waiting: ${position} compositions come first`;
  }
  const which = options.num_samples > 1 ? `variation ${Math.min(results.length + 1, options.num_samples)} of ${options.num_samples} · ` : "";
  return `${words || "Starting"} · ${which}${Math.round(100 * progress)} %`;
}

function cancel() {
  if (!job) return;
  job.cancelled = true;
  if (job.id) forget(`/api/compositions/${job.id}`);
  if (shownJob === job.id) hideResult();
  say("Cancelled.");
  const focus = $("working").contains(document.activeElement);
  job = null;
  changed();
  if (focus) $("compose").focus();
}

// ---- the result

const stage = new Player();
let shownJob = null, results = [], figure = null, chosen = 0;

function reveal() {
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  $("result").scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
}

function hideResult() {
  stage.clear();
  shownJob = null;
  results = [];
  $("result").hidden = true;
}

function showResults(now) {
  if (shownJob !== now.id) {
    if (shownJob) forget(`/api/compositions/${shownJob}`);
    stage.clear();
    shownJob = now.id;
    stage.duration = now.results[0].seconds;
    $("result").hidden = false;
    $("player-error").textContent = "";
    document.querySelector("input[name=hear][value=result]").checked = true;
    stage.selected = "result 0";
    chosen = -1;
    fetchTrack("input", `/api/compositions/${now.id}/input.wav`);
    fetchTrack("target", `/api/compositions/${now.id}/target.wav`);
  }
  for (const result of now.results.slice(chosen < 0 ? 0 : results.length)) {
    fetchTrack(`result ${result.variation}`, result.files.wav);
  }
  results = now.results;
  $("variations").hidden = now.options.num_samples === 1;
  $("variations").replaceChildren($("variations").querySelector("legend"));
  for (const { variation } of results) {
    const radio = make("input", { type: "radio", name: "variation", checked: variation === Math.max(chosen, 0) });
    radio.addEventListener("change", () => choose(variation));
    radio.setAttribute("aria-label", `Variation ${variation + 1}`);
    $("variations").append(make("label", { className: "result" }, radio, make("span", {}, `${variation + 1}`)));
  }
  if (chosen < 0) choose(0);
}

async function fetchTrack(name, path) {
  const id = shownJob;
  try {
    const sound = await decode(await (await ask(path)).arrayBuffer(), 24000);
    if (id === shownJob) stage.add(name, sound);
  } catch (error) {
    if (id === shownJob) $("player-error").textContent = `The ${name.split(" ")[0]} cannot be heard: ${error.message}`;
  }
}

function hear() {
  const value = document.querySelector("input[name=hear]:checked").value;
  stage.select(value === "result" ? `result ${chosen}` : value);
}

async function choose(variation) {
  chosen = variation;
  hear();
  const result = results[variation], id = shownJob;
  showWords(result);
  try {
    const picture = await askJson(result.picture);
    if (id === shownJob && variation === chosen) drawResult(result, picture);
  } catch (error) {
    $("player-error").textContent = capital(error.message);
  }
}

function showWords({ words, verdict, weights, sources, files, variation }) {
  const last = words[words.length - 1].replace(/^WARNING: /, "");
  const box = document.querySelector(".verdict");
  box.textContent = verdict === "new" ? last : `Warning: ${last.charAt(0).toLowerCase()}${last.slice(1)}`;
  box.classList.toggle("warned", verdict !== "new");
  $("words").replaceChildren(...words.slice(0, -1).map((sentence) => make("li", {}, sentence)));
  $("taken").tBodies[0].replaceChildren(...FACTORS.map((factor) => make("tr", {},
    make("th", { scope: "row" }, capital(factor)),
    ...SOURCES.map((source) => {
      const number = weights[source][factor].toFixed(2);
      return make("td", {}, sources[factor] === source ? make("strong", {}, number) : number);
    }))));
  const kinds = { wav: "WAV, the sound", mid: "MIDI, the notes", json: "JSON, the report" };
  $("downloads").replaceChildren(...Object.entries(kinds).filter(([kind]) => files[kind]).map(([kind, text]) =>
    make("a", { href: files[kind], download: "", "aria-label": `Download variation ${variation + 1} as ${text}` }, text)));
  $("legend-rhythm").textContent = `the ${sources.rhythm}'s onsets`;
  $("legend-harmony").textContent = `the ${sources.harmony}'s chords`;
  const legend = document.querySelector(".legend");
  legend.style.setProperty("--rhythm", `var(--${sources.rhythm})`);
  legend.style.setProperty("--harmony", `var(--soft-${sources.harmony})`);
}

function drawResult({ sources }, picture) {
  figure?.remove();
  $("chords").value = picture.chords_text.replace(/^#.*\n|^ +/gm, "");
  const lanes = [
    { chords: picture.chords, source: sources.harmony },
    rollLane(picture, sources),
    { ...spectrogramLane(picture.spectrogram, { beats: picture.beats, height: 5, what: "the result" }), title: "Its sound, and the beats" },
    ...FACTORS.map((factor, i) => ({
      ...weightsLane(picture.weights, factor),
      title: i ? "" : "Weights over time: the input's above the line, the target's below",
    })),
  ];
  $("result-figure").classList.add("result-lanes");
  const shape = { seconds: picture.seconds, scale: RESULT_SCALE, lanes, player: stage };
  figure = new Figure($("result-figure"), "Pictures of the result", shape);
}

// ---- the beginning and the end

function loadExample({ input, target }) {
  cards.input.take({ example: input });
  cards.target.take({ example: target });
}

async function begin() {
  buildOptions();
  for (const role of SOURCES) cards[role] = new Card(role);
  transport($("result-transport"), stage, { name: "the new clip", looping: true });
  document.querySelectorAll("input[name=hear]").forEach((radio) => radio.addEventListener("change", hear));
  $("options").addEventListener("submit", (event) => { event.preventDefault(); compose(); });
  $("chords-form").addEventListener("submit", (event) => {
    event.preventDefault();
    $("compose-error").textContent = "";
    compose($("chords").value);
    $("options").scrollIntoView({ block: "nearest" });
  });
  $("cancel").addEventListener("click", cancel);
  $("swap").addEventListener("click", () => {
    const [first, second] = SOURCES.map((role) => cards[role].state);
    cards.input.set(second);
    cards.target.set(first);
    say("Input and target are swapped.");
  });
  window.addEventListener("dragover", (event) => event.preventDefault());
  window.addEventListener("drop", (event) => event.preventDefault());
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const drawn of [cards.input.figure, cards.target.figure, figure]) drawn?.draw();
  });
  // What was brought here is deleted with the page.
  window.addEventListener("pagehide", () => {
    for (const role of SOURCES) if (cards[role].state) forget(`/api/clips/${cards[role].state.clip.id}`);
    for (const id of new Set([job?.id, shownJob])) if (id) forget(`/api/compositions/${id}`);
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });
  changed();
  await readStatus();
  applyStatus();
  modelReady();
}

function applyStatus() {
  const { limits, examples, example_pairs } = server;
  if (!examples) return;
  $("num_samples").max = limits.max_samples;
  const minutes = limits.max_seconds >= 120 ? `${limits.max_seconds / 60} minutes` : `${limits.max_seconds} seconds`;
  document.querySelectorAll(".limits").forEach((host) => {
    host.textContent = `WAV, FLAC, MP3, OGG and others, up to ${minutes} and ${Math.round(limits.max_bytes / 1e6)} MB`;
  });
  for (const pair of example_pairs) {
    const button = make("button", { type: "button", className: "small" }, `${examples[pair.input]} × ${examples[pair.target].toLowerCase()}`);
    button.addEventListener("click", () => loadExample(pair));
    $("examples").append(button);
  }
  $("keeping").textContent = "Clips are worked on by the machine that serves this page. They are deleted when you "
    + `remove them or close the page, and after ${limits.keep_minutes} minutes without use.`;
}

begin();
