// Takes: every composition stays, with its name, settings and scores, until it is discarded.

import { cards } from "./card.js";
import { inWords, takeUp } from "./options.js";
import { askJson, forget } from "./server.js";
import { $, make, recall, remember, say, SOURCES, tell } from "./tools.js";

export let takes = [];     // { key, name, job, index, wanted, result, kept, gone }
export let chosen = null;  // the take that is heard and shown as the result
let count = 0;

export function addTakes(job, wanted, results, name) {
  const added = results.map((result) => {
    count += 1;
    const { num_samples, ...own } = wanted;
    return { key: `${job.id}:${result.variation}`, name: name || `Take ${count}`, job: job.id, index: result.variation,
      wanted: { ...own, num_samples: 1, variation: (wanted.variation || 0) + result.variation }, result, kept: false, gone: false };
  });
  const first = takes.length === 0 || results[0].variation === 0;
  takes.push(...added);
  save();
  show();
  if (first) choose(added[0]);
}

export function choose(take) {
  if (take.gone) return;
  chosen = take;
  save();
  show();
  tell("take");
}

// Takes can be changed for as long as their clips are there.
export const usesClip = (id) => takes.some((take) => SOURCES.some((role) => take.wanted[role] === id));

// The take after or before the chosen one.
export function chooseNext(way) {
  const there = takes.filter((take) => !take.gone), at = there.indexOf(chosen);
  if (there.length) choose(there[(at + way + there.length) % there.length]);
}

export function discard(take) {
  takes = takes.filter((other) => other !== take);
  if (!takes.some((other) => other.job === take.job)) forget(`/api/compositions/${take.job}`);
  for (const role of SOURCES) {
    const id = take.wanted[role];
    if (!usesClip(id) && !SOURCES.some((other) => cards[other].state?.clip.id === id)) forget(`/api/clips/${id}`);
  }
  if (chosen === take) {
    chosen = takes.findLast((other) => !other.gone) || null;
    tell("take");
  }
  say(`${take.name} is discarded.`);
  save();
  show();
}

// What is needed after the page was loaded again; takes whose sound the server has deleted keep their settings.
function save() {
  remember("takes", { takes, count, chosen: chosen?.key });
}

export async function restore() {
  const kept = recall("takes");
  if (!kept) return;
  ({ takes, count } = kept);
  const jobs = [...new Set(takes.map((take) => take.job))];
  for (const id of new Set(takes.flatMap((take) => SOURCES.map((role) => take.wanted[role])))) askJson(`/api/clips/${id}`).catch(() => {});
  const there = await Promise.all(jobs.map((id) => askJson(`/api/compositions/${id}`).then(() => id, () => null)));
  for (const take of takes) take.gone = !there.includes(take.job);
  const before = takes.find((take) => take.key === kept.chosen && !take.gone) || takes.findLast((take) => !take.gone);
  show();
  if (before) choose(before);
}

const controlsOf = (item) => [...item.querySelectorAll("button, input")];

export function show() {
  $("takes-section").hidden = takes.length === 0;
  const rows = [...$("takes").children], at = rows.findIndex((item) => item.contains(document.activeElement));
  const control = at < 0 ? -1 : controlsOf(rows[at]).indexOf(document.activeElement);
  $("takes").replaceChildren(...takes.map(row));
  const same = $("takes").children[Math.min(at, takes.length - 1)];
  if (control >= 0) (same ? controlsOf(same)[control] : $("compose")).focus();
  const there = takes.filter((take) => !take.gone);
  $("zip").hidden = there.length === 0;
  $("zip").href = `/api/takes.zip?${new URLSearchParams(there.map((take) => ["take", `${take.key}:${take.name}`]))}`;
  $("discard-others").hidden = !takes.some((take) => take.kept) || takes.every((take) => take.kept);
}

function row(take) {
  const { result, wanted } = take;
  const name = make("input", { type: "text", value: take.name, maxLength: 60, className: "take-name", "aria-label": `Name of ${take.name}` });
  name.addEventListener("change", () => { take.name = name.value.trim() || take.name; save(); show(); });
  const button = (text, act, more = {}) => {
    const made = make("button", { type: "button", className: "small", "aria-label": `${text}: ${take.name}`, ...more }, text);
    made.addEventListener("click", act);
    return made;
  };
  const hear = button(take === chosen ? "Shown" : "Hear", () => choose(take), { disabled: take.gone });
  hear.setAttribute("aria-pressed", take === chosen);
  const keep = button(take.kept ? "★ Kept" : "☆ Keep", () => { take.kept = !take.kept; save(); show(); });
  keep.setAttribute("aria-pressed", take.kept);
  const again = button("Use its settings", () => {
    takeUp(wanted);
    $("options").scrollIntoView({ block: "nearest" });
    say(`The settings of ${take.name} are taken up.`);
  });
  const away = button("Discard", () => discard(take));
  const state = take.gone ? "Its sound is deleted; its settings are here. " : "";
  return make("li", { className: `take${take === chosen ? " chosen" : ""}${take.gone ? " gone" : ""}` },
    make("div", { className: "take-head" }, hear, name, scores(result)),
    make("p", { className: "quiet" }, state + inWords(wanted)),
    make("div", { className: "buttons" }, keep, again, away));
}

const SCORES = [
  ["onset_f1", "Rhythm", "Share of the onsets of its rhythm's clip that are met, and that meet one"],
  ["in_chord", "Harmony", "Share of the energy on tones of the chords"],
  ["timbre", "Sound", "How near its sound is to the instrument's"],
];

function scores({ adherence, verdict }) {
  const shown = SCORES.filter(([name]) => typeof adherence[name] === "number").map(([name, text, title]) =>
    make("span", { className: "score", title }, `${text} ${Math.round(100 * adherence[name])} %`));
  const novel = make("span", { className: verdict === "new" ? "score new" : "score warned" }, verdict === "new" ? "new" : `warning: ${verdict}`);
  return make("span", { className: "scores" }, ...shown, novel);
}

export function discardOthers() {
  for (const take of takes.filter((other) => !other.kept)) discard(take);
}
