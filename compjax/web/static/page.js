// The page: its beginning and its end. Nothing is loaded from elsewhere.

import { Card, cards } from "./card.js";
import { cancel, changed, compose, job } from "./composing.js";
import { buildOptions } from "./options.js";
import { figure, hear, shownJob, stage } from "./result.js";
import { forget, modelReady, readStatus, server } from "./server.js";
import { $, make, on, say, SOURCES } from "./tools.js";
import { transport } from "./transport.js";

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
  on("clips", changed);
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
