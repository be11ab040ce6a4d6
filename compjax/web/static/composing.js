// A composition on its way: asked for, followed, cancelled.

import { cards } from "./card.js";
import { order } from "./options.js";
import { hideResult, reveal, shownJob, showResults } from "./result.js";
import { askJson, forget, Refusal } from "./server.js";
import { $, capital, say, sleep, SOURCES } from "./tools.js";

const POLL_MS = 400;

export let job = null;  // { id, options } of the composition that is waited for

export function changed() {
  const ready = SOURCES.every((role) => cards[role]?.state);
  $("compose").disabled = !ready || job !== null;
  $("compose").hidden = job !== null;
  $("working").hidden = job === null;
  $("missing").hidden = ready || job !== null;
  $("recompose").disabled = $("compose").disabled;
  $("swap").disabled = !SOURCES.some((role) => cards[role]?.state);
}

// On the chords that are heard, or on `chords`, the text of a file of chords.
export async function compose(chords = null) {
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

export function cancel() {
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
