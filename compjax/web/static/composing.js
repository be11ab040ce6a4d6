// A composition on its way: asked for, followed, cancelled.

import { cards } from "./card.js";
import { order } from "./options.js";
import { hearEarly, reveal } from "./result.js";
import { askAgain, askJson, forget, Refusal } from "./server.js";
import { addTakes } from "./takes.js";
import { $, capital, remember, say, sleep, SOURCES, tell } from "./tools.js";

const POLL_MS = 300;

export let job = null;  // { id, wanted, cancelled } of the composition that is waited for

export function changed() {
  const ready = SOURCES.every((role) => cards[role]?.state);
  $("compose").disabled = !ready || job !== null;
  $("compose").hidden = job !== null;
  $("working").hidden = job === null;
  $("missing").hidden = ready || job !== null;
  $("swap").disabled = !SOURCES.some((role) => cards[role]?.state);
}

export async function compose() {
  if (job || $("compose").disabled) return;
  await run(async () => {
    await Promise.all(SOURCES.map((role) => cards[role].ensure()));
    return order();
  });
}

// A take of other hits, chords or notes: `wanted` is its whole order, `name` what it is called.
export async function revise(wanted, name) {
  if (job) return false;
  return run(async () => wanted, name);
}

async function run(prepare, name = "") {
  job = { id: null, cancelled: false };
  const mine = job;
  $("compose-error").textContent = "";
  $("progress").value = 0;
  $("phase").textContent = "Sending";
  changed();
  if (!name) $("cancel").focus();
  try {
    mine.wanted = await prepare();
    const body = JSON.stringify(mine.wanted);
    const begun = await askJson("/api/compositions", { method: "POST", body, headers: { "Content-Type": "application/json" } });
    mine.id = begun.id;
    if (mine.cancelled) forget(`/api/compositions/${mine.id}`);
    else await follow(mine, begun, name);
    return true;
  } catch (error) {
    if (!mine.cancelled) $("compose-error").textContent = capital(error.message);
    return false;
  } finally {
    end(mine, name);
  }
}

function end(mine, name) {
  if (job !== mine) return;
  const focused = $("working").contains(document.activeElement) || document.activeElement === document.body;
  job = null;
  remember("job", null);
  changed();
  tell("idle");
  if (focused && !name) ($("result").hidden || $("compose-error").textContent || mine.cancelled ? $("compose") : $("result")).focus({ preventScroll: true });
}

// What was asked for before the page was loaded again.
export async function resume(begun) {
  if (!begun) return;
  job = { ...begun, cancelled: false };
  const mine = job;
  changed();
  try {
    await follow(mine, await askJson(`/api/compositions/${begun.id}`), begun.name, begun.shown);
  } catch (error) {
    if (error.code !== "gone") $("compose-error").textContent = capital(error.message);
  } finally {
    end(mine, "resumed");
  }
}

async function follow(mine, now, name, shown = 0) {
  let heard = false;
  while (job === mine) {
    $("progress").value = now.progress;
    $("phase").textContent = phaseInWords(now);
    if (now.results.length > shown) {
      addTakes(now, mine.wanted, now.results.slice(shown), name);
      if (!shown && !name) reveal();
      shown = now.results.length;
    }
    remember("job", { id: mine.id, wanted: mine.wanted, name, shown });
    if (name && now.early && !heard) {
      heard = true;
      hearEarly(now.early, `${now.id}:0`).then(() => tell("early"));
    }
    if (now.state === "failed") throw new Refusal(now.error);
    if (now.state === "done") return say(name ? `${name} is there.` : `Done: ${shown} ${shown === 1 ? "take" : "takes"}.`);
    if (now.state === "cancelled") {
      if (!shown) forget(`/api/compositions/${mine.id}`);
      return say(shown ? `Cancelled; ${shown} finished ${shown === 1 ? "take stays" : "takes stay"}.` : "Cancelled.");
    }
    await sleep(name ? POLL_MS / 3 : POLL_MS);
    const trying = () => { $("phase").textContent = "The server does not answer; trying again"; };
    now = await askAgain(`/api/compositions/${mine.id}`, trying);
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

// Variations that are finished stay as takes.
export async function cancel() {
  if (!job) return;
  const mine = job;
  mine.cancelled = true;
  $("phase").textContent = "Cancelling";
  if (!mine.id) return end(mine, "");
  try {
    const now = await askJson(`/api/compositions/${mine.id}/cancel`, { method: "POST" });
    if (now.results.length) return;  // those that are finished stay, and `follow` sees the end
    forget(`/api/compositions/${mine.id}`);
    say("Cancelled.");
    end(mine, "");
  } catch (error) {
    $("compose-error").textContent = capital(error.message);
  }
}
