// The take that is chosen: heard beside its input and target, drawn, told, downloaded.

import { axis, editing, editorLanes, focusSelected } from "./editing.js";
import { Figure } from "./figure.js";
import { chordsLane, moving, rollLane, soundLane, weightsLane } from "./lanes.js";
import { Player } from "./player.js";
import { ask, askJson } from "./server.js";
import { decode } from "./sound.js";
import { chosen, takes } from "./takes.js";
import { $, capital, FACTORS, make, SOURCES } from "./tools.js";

const SCALE = 48, EDITED_SCALE = 96;  // least pixels for a second

export const stage = new Player();
export let figure = null;
export let picture = null;  // of the chosen take
const fetched = new Set();  // names of tracks that are there or on their way

export function reveal() {
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  $("result").scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
}

function trackOf(source) {
  return source === "result" ? `take ${chosen.key}` : `${source} ${chosen.job}`;
}

function addressOf(source) {
  return source === "result" ? chosen.result.files.wav : `/api/compositions/${chosen.job}/${source}.wav`;
}

async function fetchTrack(source) {
  const name = trackOf(source), address = addressOf(source);
  if (fetched.has(name)) return;
  fetched.add(name);
  try {
    const sound = await decode(await (await ask(address)).arrayBuffer(), 48000);
    await stage.add(name, sound);
  } catch (error) {
    fetched.delete(name);
    $("player-error").textContent = `The ${source} cannot be heard: ${error.message}`;
  }
}

// A take whose report is not there yet: it takes the place of the one that is heard.
export async function hearEarly(address, key) {
  const name = `take ${key}`, sound = await decode(await (await ask(address)).arrayBuffer(), 48000).catch(() => null);
  if (!sound || fetched.has(name)) return;
  fetched.add(name);
  await stage.add(name, sound);
  if (document.querySelector("input[name=hear]:checked").value === "result") stage.select(name);
}

// Tracks of takes that are discarded are let go.
function prune() {
  const wanted = new Set(takes.flatMap((take) => [`take ${take.key}`, `input ${take.job}`, `target ${take.job}`]));
  for (const name of fetched) {
    if (wanted.has(name)) continue;
    fetched.delete(name);
    if (name !== stage.selected) stage.tracks.delete(name);
  }
}

// What the switch says, of the chosen take.
export function hear() {
  if (!chosen) return;
  stage.select(trackOf(document.querySelector("input[name=hear]:checked").value));
}

export async function showTake() {
  $("result").hidden = !chosen;
  if (!chosen) {
    stage.clear();
    fetched.clear();
    figure?.remove();
    figure = picture = null;
    return;
  }
  const take = chosen;
  prune();
  $("player-error").textContent = "";
  $("result-title").textContent = take.name;
  if (!stage.duration) stage.duration = take.result.seconds;
  for (const source of ["input", "target", "result"]) fetchTrack(source);
  hear();
  showWords(take);
  try {
    const drawn = await askJson(take.result.picture);
    if (take !== chosen) return;
    picture = drawn;
    draw();
  } catch (error) {
    $("player-error").textContent = capital(error.message);
  }
}

function showWords({ name, result: { words, verdict, weights, sources, files } }) {
  const judged = words.findLast((sentence) => /^(WARNING|The output is)/.test(sentence)) || words[words.length - 1];
  const last = judged.replace(/^WARNING: /, "");
  const box = document.querySelector(".verdict");
  box.textContent = verdict === "new" ? last : `Warning: ${last.charAt(0).toLowerCase()}${last.slice(1)}`;
  box.classList.toggle("warned", verdict !== "new");
  $("words").replaceChildren(...words.filter((sentence) => sentence !== judged).map((sentence) => make("li", {}, sentence)));
  $("taken").tBodies[0].replaceChildren(...FACTORS.map((factor) => make("tr", {},
    make("th", { scope: "row" }, capital(factor)),
    ...SOURCES.map((source) => {
      const number = weights[source][factor].toFixed(2);
      return make("td", {}, sources[factor] === source ? make("strong", {}, number) : number);
    }))));
  showDownloads(name, files);
  $("legend-rhythm").textContent = `the ${sources.rhythm}'s hits`;
  $("legend-harmony").textContent = `the ${sources.harmony}'s chords`;
  const legend = document.querySelector(".legend");
  legend.style.setProperty("--rhythm", `var(--${sources.rhythm})`);
  legend.style.setProperty("--harmony", `var(--soft-${sources.harmony})`);
}

const KINDS = {
  wav: ["WAV, the sound", "audio/wav"], flac: ["FLAC, the sound, smaller", "audio/flac"], mid: ["MIDI, the notes", "audio/midi"],
  groove: ["Groove, the hits", "text/plain"], chords: ["Chords", "text/plain"], stems: ["Stems, a ZIP", "application/zip"],
  sfz: ["Instrument, an SFZ ZIP", "application/zip"], json: ["JSON, the figures", "application/json"], html: ["Report, a page", "text/html"],
};

const ENDS = { groove: "groove.txt", chords: "chords.txt", stems: "stems.zip", sfz: "sfz.zip" };

// Links that can be clicked, or dragged out into another program.
function showDownloads(name, files) {
  const links = Object.entries(KINDS).filter(([kind]) => files[kind]).map(([kind, [text, type]]) => {
    const link = make("a", { href: files[kind], download: "", draggable: true, "aria-label": `Download ${name} as ${text}` }, text);
    link.addEventListener("dragstart", (event) => {
      const file = `${name.replace(/[^\w-]+/g, "-")}.${ENDS[kind] || kind}`;
      event.dataTransfer.setData("DownloadURL", `${type}:${file}:${link.href}`);
    });
    return link;
  });
  $("downloads").replaceChildren(...links);
}

export function draw() {
  if (!picture || !chosen) return;
  const editedHere = document.activeElement?.closest(".events"), { zoom = 1, scroller } = figure || {};
  const scrolled = scroller?.scrollLeft || 0;
  figure?.remove();
  const { sources } = chosen.result, what = "the result";
  stage.grid = picture.grid.bars.length ? picture.grid : null;
  const lanes = editing ? editorLanes(picture, sources) : [
    chordsLane(picture.chords, sources.harmony),
    rollLane(picture, sources),
    { ...soundLane(picture.spectrogram, { beats: picture.beats, height: 5, what }), title: "Its sound, and the beats" },
  ];
  const turning = editing ? [] : FACTORS.filter(moving(picture.weights));
  lanes.push(...turning.map((factor, i) => ({
    ...weightsLane(picture.weights, factor),
    title: i ? "" : "What is taken over time: of the input above the line, of the target below",
  })));
  $("result-figure").classList.add("result-lanes");
  const seconds = editing ? axis.seconds : picture.seconds;
  const grid = editing ? axis.grid : stage.grid;
  figure = new Figure($("result-figure"), "Pictures of the result", { seconds, scale: editing ? EDITED_SCALE : SCALE, lanes, player: stage, grid });
  figure.zoom = zoom;
  figure.draw();
  figure.scroller.scrollLeft = scrolled;
  if (editedHere) focusSelected();
}
