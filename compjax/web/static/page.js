// The page: its beginning and its end. Nothing is loaded from elsewhere.

import { Card, cards, takeFiles } from "./card.js";
import { cancel, changed, compose, job, resume } from "./composing.js";
import { buildEditing, made, takeChanged } from "./editing.js";
import { buildOptions, settings, showKnown } from "./options.js";
import { draw, hear, showTake, stage } from "./result.js";
import { askJson, modelReady, readStatus, server } from "./server.js";
import { chooseNext, chosen, discardOthers, restore, takes } from "./takes.js";
import { $, make, on, recall, remember, say, SOURCES } from "./tools.js";
import { listenToKeys, transport } from "./transport.js";

function loadExample({ input, target }) {
  cards.input.take({ example: input });
  cards.target.take({ example: target });
}

// Say it where the settings are no longer those of the take that is shown.
function checkStale() {
  const now = settings(), was = chosen?.wanted;
  const same = (name) => ["num_samples", "variation", "hits", "chords", "notes", "input", "target"].includes(name)
    || JSON.stringify(now[name]) === JSON.stringify(was[name]);
  const others = was && SOURCES.some((role) => cards[role].state && cards[role].state.clip.id !== was[role]);
  const stale = Boolean(was) && (others || [...new Set([...Object.keys(now), ...Object.keys(was)])].some((name) => !same(name)));
  $("stale").hidden = !stale;
  $("result").classList.toggle("stale", stale);
}

function choose(value) {
  document.querySelector(`input[name=hear][value=${value}]`).checked = true;
  hear();
}

function playerOfKeys() {
  return chosen ? stage : cards[cards.input.state || !cards.target.state ? "input" : "target"].player;
}

function redraw() {
  for (const role of SOURCES) if (cards[role].state) cards[role].draw();
  draw();
}

function saveClips() {
  const kept = SOURCES.map((role) => [role, cards[role].state
    && { clip: cards[role].state.clip, example: cards[role].state.origin?.example, grid: cards[role].grid }]);
  remember("clips", Object.fromEntries(kept));
  checkStale();
}

async function restoreClips() {
  const kept = recall("clips") || {};
  await Promise.all(SOURCES.filter((role) => kept[role]).map(async (role) => {
    const { clip, example, grid } = kept[role], origin = example ? { example } : null;
    const there = await askJson(`/api/clips/${clip.id}`).catch(() => null);
    if (there) cards[role].set({ origin, clip: there, spectrogram: null, heard: null }, grid || {});
    else if (origin) await cards[role].take(origin);
  }));
}

function leave() {
  const shown = SOURCES.filter((role) => cards[role].state).map((role) => cards[role].state.clip.id);
  const clips = [...new Set([...shown, ...takes.flatMap((take) => SOURCES.map((role) => take.wanted[role]))])];
  const compositions = [...new Set([job?.id, ...takes.map((take) => take.job)].filter(Boolean))];
  const body = JSON.stringify({ clips, compositions });
  fetch("/api/leave", { method: "POST", body, keepalive: true, headers: { "Content-Type": "application/json" } }).catch(() => {});
}

function listen() {
  $("options").addEventListener("submit", (event) => { event.preventDefault(); compose(); });
  $("cancel").addEventListener("click", cancel);
  $("swap").addEventListener("click", () => {
    const [first, second] = SOURCES.map((role) => [cards[role].state, cards[role].grid]);
    cards.input.set(...second);
    cards.target.set(...first);
    say("Input and target are swapped.");
  });
  $("discard-others").addEventListener("click", discardOthers);
  document.querySelectorAll("input[name=hear]").forEach((radio) => radio.addEventListener("change", hear));
  document.querySelectorAll("input[name=view]").forEach((radio) => radio.addEventListener("change", () => { remember("view", radio.value); redraw(); }));
  window.addEventListener("dragover", (event) => event.preventDefault());
  window.addEventListener("drop", (event) => { event.preventDefault(); if (event.dataTransfer.files.length) takeFiles(event.dataTransfer.files); });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  // What was brought here is deleted with the page, unless it is loaded again.
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });
  listenToKeys(playerOfKeys, { 1: () => choose("input"), 2: () => choose("target"), 3: () => choose("result"),
    n: () => chooseNext(1), p: () => chooseNext(-1) });
}

async function begin() {
  for (const role of SOURCES) cards[role] = new Card(role);
  for (const [role, other] of [SOURCES, [...SOURCES].reverse()]) cards[role].other = () => cards[other];
  buildOptions();
  buildEditing();
  transport($("result-transport"), stage, { name: "the new clip", tools: true });
  listen();
  on("clips", changed);
  on("clips", saveClips);
  on("options", checkStale);
  on("take", () => { made(chosen || {}); takeChanged(); showTake(); checkStale(); });
  document.querySelector(`input[name=view][value=${recall("view") || "spectrogram"}]`).checked = true;
  changed();
  const kept = recall("clips"), begun = recall("job");
  await readStatus();
  applyStatus();
  modelReady();
  if (kept) { remember("clips", kept); await restoreClips(); }
  await restore();
  resume(begun);
}

function applyStatus() {
  const { limits, examples, example_pairs } = server;
  if (!examples) return;
  showKnown();
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
    + `remove them and the takes made of them, or close the page, and after ${limits.keep_minutes} minutes without use.`;
}

begin();
