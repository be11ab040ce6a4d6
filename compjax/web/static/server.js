// The server: questions, answers, refusals, and what it can do now.

import { $, capital, sleep } from "./tools.js";

export class Refusal extends Error {
  constructor(message, code, status = 0) { super(message); Object.assign(this, { code, status }); }
}

export async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { cache: "no-store", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal("the server does not answer; is compjax-serve still running?", "unreachable");
  }
  if (answer.ok) return answer;
  const body = await answer.json().catch(() => ({}));
  throw new Refusal(body.error || `the server answered ${answer.status}`, body.code, answer.status);
}

export const askJson = async (path, options) => (await ask(path, options)).json();
export const forget = (path) => fetch(path, { method: "DELETE", keepalive: true }).catch(() => {});

// Ask again while the server does not answer or has no time; `told` is told that it is being tried.
export async function askAgain(path, told, tries = 8) {
  for (let turn = 1; ; turn++) {
    try {
      return await askJson(path);
    } catch (error) {
      const passing = error.code === "unreachable" || error.status >= 500;
      if (!passing || turn >= tries) throw error;
      told();
      await sleep(Math.min(400 * 2 ** turn, 5000));
    }
  }
}

export let server = { limits: { max_bytes: Infinity, max_seconds: Infinity, max_samples: 8 }, model: "loading" };

export async function modelReady() {
  while (server.model === "loading") {
    await sleep(1000);
    await readStatus();
  }
  return server.model === "ready";
}

export async function readStatus() {
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
