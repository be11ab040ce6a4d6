// A clip: taken in, shown, heard, its beats set right.

import { Figure } from "./figure.js";
import { buildGrid, shownGrid } from "./grid.js";
import { chordsLane, hitsLane, soundLane } from "./lanes.js";
import { Player } from "./player.js";
import { record } from "./recording.js";
import { send } from "./sending.js";
import { ask, askJson, forget, modelReady } from "./server.js";
import { decode } from "./sound.js";
import { usesClip } from "./takes.js";
import { $, capital, SOURCES, tell } from "./tools.js";
import { transport } from "./transport.js";

const HINTS = { input: "gives the length, and usually the rhythm", target: "usually gives harmony and timbre" };
const SCALE = 24;  // least pixels for a second: figures of long clips scroll

export const cards = {};

// Files that were dropped or chosen: two fill both cards.
export function takeFiles(files, first = SOURCES.find((role) => !cards[role].state) || "target") {
  const other = SOURCES.find((role) => role !== first);
  const order = files.length > 1 ? SOURCES : [first, other];
  [...files].slice(0, 2).forEach((file, i) => cards[order[i]].take({ file }));
}

export class Card {
  constructor(role) {
    this.role = role;
    this.host = $(`clip-${role}`);
    this.host.append($("clip-template").content.cloneNode(true));
    const find = (selector) => this.host.querySelector(selector);
    this.parts = Object.fromEntries(
      ["drop", "recording", "loaded", "busy", "error", "remove", "name", "facts", "figure", "transport", "limits", "clock", "remarks", "grid"]
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
    buildGrid(this);
    this.state = null;
    this.grid = {};  // what the visitor has set of tempo, meter and first bar
    this.turn = 0;
    this.listen(find);
  }

  listen(find) {
    const file = find("input[type=file]");
    file.addEventListener("change", () => { if (file.files.length) takeFiles(file.files, this.role); file.value = ""; });
    this.parts.remove.addEventListener("click", () => { this.clear(); file.focus(); });
    if (navigator.mediaDevices?.getUserMedia && window.MediaRecorder) {
      find(".record").addEventListener("click", () => record(this));
    } else {
      find(".record").hidden = true;
    }
    this.host.addEventListener("dragover", (event) => { event.preventDefault(); this.host.classList.add("over"); });
    this.host.addEventListener("dragleave", () => this.host.classList.remove("over"));
    this.host.addEventListener("drop", (event) => {
      event.preventDefault();
      event.stopPropagation();
      this.host.classList.remove("over");
      if (event.dataTransfer.files.length) takeFiles(event.dataTransfer.files, this.role);
    });
  }

  show(part) {
    for (const name of ["drop", "recording", "loaded"]) this.parts[name].hidden = name !== part;
    this.parts.remove.hidden = part !== "loaded";
    tell("clips");
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

  set(state, grid = {}) {
    this.turn++;
    this.discardRecording?.();
    this.player.clear();
    this.figure?.remove();
    this.figure = null;
    this.grid = grid;
    for (const name of ["busy", "error", "facts", "remarks"]) this.parts[name].textContent = "";
    this.parts.grid.hidden = true;
    this.state = state;
    if (!state) return this.show("drop");
    this.parts.name.textContent = state.clip.name;
    this.parts.remarks.textContent = (state.clip.remarks || []).map((remark) => `${capital(remark)}.`).join(" ");
    this.player.duration = state.clip.seconds;
    this.player.tell();
    this.show("loaded");
    this.analyse(this.turn);
  }

  clear() {
    if (this.state && !usesClip(this.state.clip.id)) forget(`/api/clips/${this.state.clip.id}`);
    this.set(null);
  }

  // Tempo, meter, first bar as the visitor knows them; undefined is what is heard.
  setGrid(grid) {
    const known = (value) => JSON.stringify([value.bpm, value.meter, value.downbeat]);
    if (!this.state || known(grid) === known(this.grid)) return;
    this.grid = grid;
    this.state.heard = null;
    tell("clips");
    this.analyse(this.turn);
  }

  async analyse(turn) {
    const state = this.state, at = `/api/clips/${state.clip.id}`, grid = this.grid;
    const current = () => turn === this.turn && grid === this.grid;
    const facts = (text) => { if (current()) this.parts.facts.textContent = text; };
    try {
      state.spectrogram ||= await askJson(`${at}/spectrogram`);
      if (!current()) return;
      if (!this.figure) this.draw();
      if (!state.heard) {
        facts(`${state.clip.seconds.toFixed(1)} seconds · listening for beats and chords …`);
        if (!(await modelReady())) return facts(`${state.clip.seconds.toFixed(1)} seconds`);
        const known = Object.entries(grid).filter(([, value]) => value !== undefined);
        const heard = await askJson(`${at}/heard?${new URLSearchParams(known)}`);
        if (!current()) return;
        state.heard = heard;
        this.draw();
      }
      this.player.grid = state.heard.grid;
      shownGrid(this);
      facts(this.facts());
    } catch (error) {
      facts("");
      if (current()) this.parts.error.textContent = error.message;
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
    if (!spectrogram) return;
    this.figure?.remove();
    const lanes = [soundLane(spectrogram, { beats: heard?.beats, what: `the ${this.role}` })];
    if (heard) {
      if (heard.chords.length) lanes.unshift(chordsLane(heard.chords));
      if (heard.onsets.length) lanes.push(hitsLane(heard.onsets, `the ${this.role}`));
    }
    const shape = { seconds: clip.seconds, scale: SCALE, lanes, player: this.player, grid: heard?.grid };
    this.figure = new Figure(this.parts.figure, `Picture of the ${this.role}`, shape);
  }

  async fetchSound() {
    if (this.player.tracks.size) return true;
    const turn = this.turn;
    try {
      await this.ensure();
      const sound = await (await ask(`/api/clips/${this.state.clip.id}/audio.wav`)).arrayBuffer();
      const decoded = await decode(sound, 24000);
      if (turn === this.turn) await this.player.add("clip", decoded);
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
      if (error.code !== "gone" || !this.state.origin) throw error;
      this.state.clip = await send(this.state.origin);
    }
  }
}
