// A clip: taken in, shown, heard.

import { Figure } from "./figure.js";
import { hitsLane, spectrogramLane } from "./lanes.js";
import { Player } from "./player.js";
import { record } from "./recording.js";
import { send } from "./sending.js";
import { ask, askJson, forget, modelReady } from "./server.js";
import { decode } from "./sound.js";
import { $, capital, tell } from "./tools.js";
import { transport } from "./transport.js";

const HINTS = { input: "gives the length, and usually the rhythm", target: "usually gives harmony and timbre" };
const SCALE = 24;  // least pixels for a second: figures of long clips scroll

export const cards = {};

export class Card {
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
      find(".record").addEventListener("click", () => record(this));
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
    const shape = { seconds: clip.seconds, scale: SCALE, lanes, player: this.player };
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
}
