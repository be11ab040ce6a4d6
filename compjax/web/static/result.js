// What came of it: heard, drawn, told, downloaded.

import { Figure } from "./figure.js";
import { rollLane, spectrogramLane, weightsLane } from "./lanes.js";
import { Player } from "./player.js";
import { ask, askJson, forget } from "./server.js";
import { decode } from "./sound.js";
import { $, capital, FACTORS, make, SOURCES } from "./tools.js";

const SCALE = 48;  // least pixels for a second

export const stage = new Player();
export let shownJob = null, figure = null;
let results = [], chosen = 0;

export function reveal() {
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  $("result").scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
}

export function hideResult() {
  stage.clear();
  shownJob = null;
  results = [];
  $("result").hidden = true;
}

export function showResults(now) {
  if (shownJob !== now.id) {
    if (shownJob) forget(`/api/compositions/${shownJob}`);
    stage.clear();
    shownJob = now.id;
    stage.duration = now.results[0].seconds;
    $("result").hidden = false;
    $("player-error").textContent = "";
    document.querySelector("input[name=hear][value=result]").checked = true;
    stage.selected = "result 0";
    chosen = -1;
    fetchTrack("input", `/api/compositions/${now.id}/input.wav`);
    fetchTrack("target", `/api/compositions/${now.id}/target.wav`);
  }
  for (const result of now.results.slice(chosen < 0 ? 0 : results.length)) {
    fetchTrack(`result ${result.variation}`, result.files.wav);
  }
  results = now.results;
  $("variations").hidden = now.options.num_samples === 1;
  $("variations").replaceChildren($("variations").querySelector("legend"));
  for (const { variation } of results) {
    const radio = make("input", { type: "radio", name: "variation", checked: variation === Math.max(chosen, 0) });
    radio.addEventListener("change", () => choose(variation));
    radio.setAttribute("aria-label", `Variation ${variation + 1}`);
    $("variations").append(make("label", { className: "result" }, radio, make("span", {}, `${variation + 1}`)));
  }
  if (chosen < 0) choose(0);
}

async function fetchTrack(name, path) {
  const id = shownJob;
  try {
    const sound = await decode(await (await ask(path)).arrayBuffer(), 24000);
    if (id === shownJob) stage.add(name, sound);
  } catch (error) {
    if (id === shownJob) $("player-error").textContent = `The ${name.split(" ")[0]} cannot be heard: ${error.message}`;
  }
}

export function hear() {
  const value = document.querySelector("input[name=hear]:checked").value;
  stage.select(value === "result" ? `result ${chosen}` : value);
}

async function choose(variation) {
  chosen = variation;
  hear();
  const result = results[variation], id = shownJob;
  showWords(result);
  try {
    const picture = await askJson(result.picture);
    if (id === shownJob && variation === chosen) drawResult(result, picture);
  } catch (error) {
    $("player-error").textContent = capital(error.message);
  }
}

function showWords({ words, verdict, weights, sources, files, variation }) {
  const last = words[words.length - 1].replace(/^WARNING: /, "");
  const box = document.querySelector(".verdict");
  box.textContent = verdict === "new" ? last : `Warning: ${last.charAt(0).toLowerCase()}${last.slice(1)}`;
  box.classList.toggle("warned", verdict !== "new");
  $("words").replaceChildren(...words.slice(0, -1).map((sentence) => make("li", {}, sentence)));
  $("taken").tBodies[0].replaceChildren(...FACTORS.map((factor) => make("tr", {},
    make("th", { scope: "row" }, capital(factor)),
    ...SOURCES.map((source) => {
      const number = weights[source][factor].toFixed(2);
      return make("td", {}, sources[factor] === source ? make("strong", {}, number) : number);
    }))));
  const kinds = { wav: "WAV, the sound", mid: "MIDI, the notes", json: "JSON, the report" };
  $("downloads").replaceChildren(...Object.entries(kinds).filter(([kind]) => files[kind]).map(([kind, text]) =>
    make("a", { href: files[kind], download: "", "aria-label": `Download variation ${variation + 1} as ${text}` }, text)));
  $("legend-rhythm").textContent = `the ${sources.rhythm}'s onsets`;
  $("legend-harmony").textContent = `the ${sources.harmony}'s chords`;
  const legend = document.querySelector(".legend");
  legend.style.setProperty("--rhythm", `var(--${sources.rhythm})`);
  legend.style.setProperty("--harmony", `var(--soft-${sources.harmony})`);
}

function drawResult({ sources }, picture) {
  figure?.remove();
  $("chords").value = picture.chords_text.replace(/^#.*\n|^ +/gm, "");
  const lanes = [
    { chords: picture.chords, source: sources.harmony },
    rollLane(picture, sources),
    { ...spectrogramLane(picture.spectrogram, { beats: picture.beats, height: 5, what: "the result" }), title: "Its sound, and the beats" },
    ...FACTORS.map((factor, i) => ({
      ...weightsLane(picture.weights, factor),
      title: i ? "" : "Weights over time: the input's above the line, the target's below",
    })),
  ];
  $("result-figure").classList.add("result-lanes");
  const shape = { seconds: picture.seconds, scale: SCALE, lanes, player: stage };
  figure = new Figure($("result-figure"), "Pictures of the result", shape);
}
