// Changing a take: its hits, chords or notes. Only what changed is done anew.

import { cards } from "./card.js";
import { job, revise } from "./composing.js";
import { EventLane, strength } from "./events.js";
import { chordSpan, chordsLane, pitchName, rollLane, soundLane } from "./lanes.js";
import { draw, picture, stage } from "./result.js";
import { chosen, discard } from "./takes.js";
import { $, make, on, say } from "./tools.js";

const VOICES = ["low", "mid", "high"];
const WAIT_MS = 450;          // after a change, for the next one
const SHAPING = ["bpm", "loop", "quantize", "swing"];

export let editing = "";      // hits, chords, notes; nothing where the take is only looked at
export const axis = { seconds: 0, grid: null };
let parent = null, first = null, edited = null, lane = null, lines = [], current = 0, timer = 0, pending = false, began = 0;
const muted = new Set();

export function buildEditing() {
  for (const radio of document.querySelectorAll("input[name=edit]")) radio.addEventListener("change", () => begin(radio.value));
  on("idle", () => { if (pending) apply(); });
  on("early", () => { if (editing) $("editor-said").textContent = `Heard after ${secondsSince(began)} seconds.`; });
}

// Edit what is chosen now; "" ends it.
export function begin(what) {
  editing = chosen ? what : "";
  parent = chosen;
  first = edited = lane = null;
  muted.clear();
  lines = linesOf(picture?.chords_text || "");
  current = 0;
  document.querySelector(`input[name=edit][value="${editing}"]`).checked = true;
  draw();
  buildTools();
}

// Another take was chosen, not made here.
export function takeChanged() {
  if (editing && chosen !== edited && chosen !== parent) begin("");
}

const linesOf = (text) => text.split("\n").map((line) => line.replace(/#.*/, "").trim()).filter(Boolean)
  .map((line) => line.split(/\s+/)).map(([time, ...name]) => ({ time: Number(time), name: name.join(" ") }));
const textOf = () => lines.map(({ time, name }) => `${time.toFixed(3)} ${name}`).join("\n");

export function editorLanes(drawn, sources) {
  setAxis(drawn);
  const source = sources.harmony;
  if (editing === "chords") return [{ element: chordButtons, className: source }, rollLane(drawn, sources)];
  first ||= drawn;  // what the take was: "Start again" goes back to it
  lane ||= editing === "hits" ? hitsEditor(first) : notesEditor(first);
  lane.isMuted = isMuted;
  if (editing === "notes") return [chordsLane(drawn.chords, source), { ...lane, element: lane.element, className: "notes" }];
  return [{ ...lane, element: lane.element, className: "hits input", title: "Hits over the input's sound: high, mid and low from above" }, ...(axis.same ? [rollLane(drawn, sources)] : [])];
}

// Hits count in the input's time, notes and chords in that of the new piece.
function setAxis(drawn) {
  const state = cards.input.state, own = state?.clip.id === chosen.wanted.input ? state : null;
  axis.same = !SHAPING.some((name) => chosen.wanted[name]);
  const ofInput = editing === "hits" && !axis.same && own;
  axis.seconds = ofInput ? own.clip.seconds : drawn.seconds;
  const grid = ofInput ? own.heard?.grid : drawn.grid;
  axis.grid = grid?.bars.length ? grid : null;
  axis.sound = own?.spectrogram || null;
}

// The nearest quarter of a beat, where there are beats and it is wanted.
function snapper() {
  const { grid } = axis, beats = grid?.beats || [];
  const places = beats.flatMap((beat, i) => [0, 1, 2, 3].map((k) => beat + (k * ((beats[i + 1] ?? 2 * beat - beats[i - 1]) - beat)) / 4));
  const snap = (time) => (places.length > 4 && $("snap")?.checked !== false
    ? places.reduce((best, place) => (Math.abs(place - time) < Math.abs(best - time) ? place : best)) : time);
  snap.step = places.length > 4 ? places[1] - places[0] : 0.05;
  return snap;
}

function hitsEditor(drawn) {
  const behind = axis.sound && soundLane(axis.sound, { beats: axis.grid?.beats, height: 9, what: "the input" });
  return new EventLane({
    items: drawn.hits.map(([time, row, velocity, length]) => ({ time, row, velocity, keep: length })),
    rows: 3, height: 9, label: "Hits", snap: snapper(), changed,
    drawBehind: behind?.draw || (({ pen, width, height }) => pen.clearRect(0, 0, width, height)),
    describe: ({ time, row, velocity }) => `${VOICES[row]} hit at ${time.toFixed(2)} seconds, ${strength(velocity)[1]}`,
    newItem: (time, row) => ({ time, row, velocity: 0.7 }),
  });
}

function notesEditor(drawn) {
  const pitches = drawn.notes.map((note) => note[2]);
  const low = Math.max(24, Math.min(...pitches, 60) - 5), high = Math.min(87, Math.max(...pitches, 60) + 5);
  const made = new EventLane({
    items: drawn.notes.map(([start, end, pitch, velocity, voice], i) => ({ time: start, length: end - start, row: pitch - low, velocity, voice, why: drawn.why[i] })),
    rows: high - low + 1, height: 16, label: "Notes", snap: snapper(), changed,
    drawBehind: ({ pen, width, height }) => {
      const row = height / (high - low + 1);
      for (let pitch = low; pitch <= high; pitch++) {
        if (![1, 3, 6, 8, 10].includes(pitch % 12)) continue;
        pen.fillStyle = "rgba(128,128,128,0.14)";
        pen.fillRect(0, height - (pitch - low + 1) * row, width, row);
      }
    },
    describe: ({ time, length, row, velocity, why }) => `${pitchName(row + low)} at ${time.toFixed(2)} seconds for ${length.toFixed(2)}, ${strength(velocity)[1]}; ${why || "set by hand"}`,
    newItem: (time, row) => ({ time, row, velocity: 0.7, length: 2 * snapper().step || 0.25, voice: null }),
  });
  made.low = low;
  return made;
}

function chordButtons({ seconds }) {
  const host = make("div", { className: "chords editable", role: "group", "aria-label": "Chords: choose one to change it" });
  lines.forEach(({ time, name }, i) => {
    const end = lines[i + 1]?.time ?? seconds;
    if (time >= seconds || end <= 0) return;
    const button = chordSpan("button", { start: Math.max(time, 0), end, name }, seconds);
    button.type = "button";
    button.setAttribute("aria-pressed", i === current);
    button.addEventListener("click", () => { current = i; draw(); buildTools(); $("chord-name").focus(); $("chord-name").select(); });
    host.append(button);
  });
  return host;
}

function press(text, title, act) {
  const button = make("button", { type: "button", className: "small", title }, text);
  button.addEventListener("click", act);
  return button;
}

function buildTools() {
  const host = $("editor");
  host.hidden = !editing;
  host.replaceChildren();
  if (!editing) return;
  host.append(...(editing === "chords" ? chordTools() : eventTools()));
  host.append(make("p", { className: "quiet", role: "status", id: "editor-said" }, {
    hits: "Click where a hit is missing; drag one elsewhere; click one twice for its accent. What is heard changes at once.",
    chords: "Choose a chord and write another: Am7/G, or notes with the bass first, [A C E].",
    notes: "Click where a note is missing; drag one elsewhere. Pointing at one says why it is there: its hit, its chord and who wrote it.",
  }[editing]));
}

function eventTools() {
  const here = (row) => () => lane.add(lane.snap(stage.position * (axis.seconds / stage.duration)), row);
  const adding = editing === "hits" ? VOICES.map((voice, row) => press(`+ ${voice}`, `Add a ${voice} hit at the playhead`, here(row)))
    : [press("+ note", "Add a note at the playhead", here(Math.floor(lane.rows / 2)))];
  const snap = make("label", { className: "check" }, make("input", { type: "checkbox", id: "snap", checked: true }), "Snap to beats");
  const made = [...adding, press("Accent", "Soft, medium, accented (Enter)", () => lane.accent()),
    press("Remove", "Remove what is selected (Delete)", () => lane.remove()), press("Undo", "Take the last change back", () => lane.undo()), snap];
  if (editing === "hits") made.push(...VOICES.map(muteBox));
  else if (lane.items.some((item) => item.voice !== null)) made.push(...VOICES.map(muteBox));
  made.push(press("Start again", "Back to what the take was", () => { lane = null; draw(); muted.clear(); buildTools(); changed(); }));
  return [make("div", { className: "buttons" }, ...made)];
}

const isMuted = (item) => muted.has(editing === "hits" ? item.row : item.voice);

function muteBox(voice, index) {
  const box = make("input", { type: "checkbox", checked: muted.has(index) });
  box.addEventListener("change", () => { muted[box.checked ? "add" : "delete"](index); lane.render(); changed(); });
  return make("label", { className: "check" }, box, `mute ${voice}`);
}

function chordTools() {
  const chord = lines[current] || { time: 0, name: "" };
  const name = make("input", { type: "text", id: "chord-name", value: chord.name, maxLength: 40, autocomplete: "off", spellcheck: false });
  const start = make("input", { type: "number", step: 0.01, min: 0, value: chord.time.toFixed(2), "aria-label": "Seconds at which the chord begins" });
  const redo = () => { lines.sort((a, b) => a.time - b.time); draw(); buildTools(); changed(); };
  const set = () => { Object.assign(chord, { name: name.value.trim() || chord.name, time: Number(start.value) }); if (!lines.length) lines.push(chord); redo(); };
  const form = make("form", { className: "buttons" }, make("label", { className: "field" }, "Chord", name), make("label", { className: "field" }, "from", start, "s"),
    make("button", { type: "submit", className: "small", id: "set-chord" }, "Set"),
    press("Split here", "Another chord begins at the playhead", () => { lines.push({ time: stage.position, name: chord.name }); redo(); }),
    press("Remove", "The chord before goes on instead", () => { if (lines.length > 1) lines.splice(current, 1); current = Math.max(0, current - 1); redo(); }));
  form.addEventListener("submit", (event) => { event.preventDefault(); set(); });
  const text = make("textarea", { id: "chords", rows: 6, spellcheck: false, value: textOf() });
  const all = make("details", {}, make("summary", {}, "All chords as text"), make("label", { htmlFor: "chords" }, "On each line a time in seconds and a name."), text,
    make("p", { className: "buttons" }, press("Compose on these chords", "", () => { lines = linesOf(text.value); redo(); })));
  return [form, all];
}

function changed() {
  clearTimeout(timer);
  timer = setTimeout(apply, WAIT_MS);
}

// The order of the parent with what was changed.
function wanted() {
  const { notes, ...own } = parent.wanted;
  if (editing === "chords") return { ...own, chords: textOf() };
  const items = lane.items.filter((item) => !isMuted(item));
  if (editing === "hits") return { ...own, hits: items.map(({ time, row, velocity, keep }) => [time, row, velocity, ...(keep ? [keep] : [])]) };
  return { ...own, notes: items.map(({ time, length, row, velocity, voice }) => [time, time + Math.max(length, 0.02), row + lane.low, velocity, voice ?? null]) };
}

const secondsSince = (moment) => ((performance.now() - moment) / 1000).toFixed(1);

const nameOf = () => `${parent.name.replace(/, other .*/, "")}, other ${editing}`;

async function apply() {
  if (!editing) return;
  pending = job !== null;
  if (pending) return;
  const before = edited;
  began = performance.now();
  $("editor-said").textContent = "Making sound of it …";
  const done = await revise(wanted(), nameOf());
  if (!$("editor-said")) return;
  if (!done) { $("editor-said").textContent = $("compose-error").textContent; return; }
  $("editor-said").textContent = `${$("editor-said").textContent.replace("Making sound of it …", "")} There after ${secondsSince(began)} seconds.`.trim();
  if (before && !before.kept) discard(before);
  say("The change can be heard.");
}

// Back to what was selected, after the lanes were drawn anew.
export function focusSelected() {
  lane?.selected?.button?.focus({ preventScroll: true });
}

// A take that was made here stays in the editor.
export function made(take) {
  if (editing && take.name === nameOf()) edited = take;
}
