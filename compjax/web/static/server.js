// The server: questions, answers, refusals, and what it can do now.

import { $, capital, sleep } from "./tools.js";

export class Refusal extends Error {
  constructor(message, code) { super(message); this.code = code; }
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
  throw new Refusal(body.error || `the server answered ${answer.status}`, body.code);
}

export const askJson = async (path, options) => (await ask(path, options)).json();
export const forget = (path) => fetch(path, { method: "DELETE", keepalive: true }).catch(() => {});

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
