// What is asked for: the controls, the order that they make, and settings that are taken up again.

import { cards } from "./card.js";
import { ROLES, SOUND, STYLE, TIMING } from "./fields.js";
import { server } from "./server.js";
import { $, capital, FACTORS, make, SOURCES, tell } from "./tools.js";

const GROUPS = { style: STYLE, roles: ROLES };
const GRID = ["bpm", "meter", "downbeat"];
const controls = new Map();  // name -> { get, set } of the fields in fields.js; undefined is what is not asked for

export function buildOptions() {
  for (const factor of FACTORS) {
    const choice = make("fieldset", { className: "choice" }, make("legend", {}, capital(factor)));
    for (const value of ["input", "auto", "target"]) {
      const radio = make("input", { type: "radio", name: factor, value, checked: value === "auto" });
      choice.append(make("label", { className: value }, radio, make("span", {}, capital(value))));
    }
    $("switches").append(choice);
  }
  for (const source of SOURCES) {
    const group = make("fieldset", { className: source }, make("legend", {}, capital(source)));
    for (const factor of FACTORS) {
      const number = make("output");
      const slider = make("input", { type: "range", min: 0, max: 1, step: 0.01, id: `weight-${source}-${factor}` });
      slider.setAttribute("aria-label", `Weight of the ${source}'s ${factor}`);
      const show = () => { number.textContent = Number(slider.value).toFixed(2); };
      slider.addEventListener("input", show);
      slider.value = (source === "input") === (factor === "rhythm") ? 1 : 0;
      show();
      group.append(make("label", {}, make("span", {}, capital(factor)), slider, number));
    }
    $("weights").append(group);
  }
  for (const [host, fields] of [["style", STYLE], ["roles", ROLES], ["timing", TIMING], ["sound", SOUND]]) {
    for (const field of fields) $(host).append(build(field));
  }
  $("numbers").addEventListener("toggle", () => {
    for (const choice of $("switches").children) {
      choice.disabled = $("numbers").open;
      choice.classList.toggle("off", $("numbers").open);
    }
    if ($("numbers").open) startWeights();
    tell("options");
  });
  $("draw").addEventListener("click", () => { $("seed").value = Math.floor(Math.random() * 1e6); tell("options"); });
  for (const kind of ["input", "change"]) $("options").addEventListener(kind, () => tell("options"));
}

// The fields that this server knows.
export function showKnown() {
  $("roles").hidden = !server.options?.includes("roles");
  for (const { name } of [...TIMING, ...SOUND]) $(`field-${name}`).hidden = !server.options?.includes(name);
}

function build(field) {
  const id = `option-${field.name}`, help = make("p", { className: "quiet help", id: `${id}-help` }, field.help);
  const input = field.kind === "select"
    ? make("select", {}, ...field.choices.map(([value, text]) => make("option", { value }, text)))
    : make("input", { type: { check: "checkbox" }[field.kind] || field.kind });
  for (const name of ["min", "max", "step"]) if (name in field) input[name] = field[name];
  Object.assign(input, { id, className: "value" });
  input.setAttribute("aria-describedby", help.id);
  const label = make("label", { htmlFor: id }, field.label);
  const row = make("div", { className: `option ${field.kind}`, id: `field-${field.name}` }, label, input);
  controls.set(field.name, field.kind === "range" ? ranged(field, input, label, row) : plain(field, input));
  row.append(help);
  return row;
}

function plain(field, input) {
  const get = () => {
    if (field.kind === "check") return input.checked || undefined;
    if (input.value === "" || input.value === "auto") return undefined;
    return field.kind === "number" || field.number ? Number(input.value) : input.value;
  };
  const set = (value) => {
    if (field.kind === "check") input.checked = Boolean(value);
    else input.value = value ?? (field.choices ? field.choices[0][0] : "");
  };
  return { get, set };
}

// A slider that says nothing until its box is ticked: then its value is fixed, and not drawn by the seed.
function ranged(field, slider, label, row) {
  const box = make("input", { type: "checkbox", "aria-label": `Set ${field.label.toLowerCase()}` });
  const number = make("output");
  label.prepend(box);
  row.append(number);
  slider.value = field.start;
  const show = () => {
    slider.disabled = !box.checked;
    number.textContent = box.checked ? Number(slider.value).toFixed(2) : field.needs || field.name === "swing" ? "off" : "drawn";
  };
  box.addEventListener("change", show);
  slider.addEventListener("input", show);
  show();
  const turned = (value) => (field.inverted ? Math.round(100 * (1 - value)) / 100 : value);
  return {
    get: () => (box.checked ? turned(Number(slider.value)) : undefined),
    set: (value) => { box.checked = value !== undefined; slider.value = value === undefined ? field.start : turned(value); show(); },
  };
}

// The sliders begin where the switches stand.
function startWeights() {
  for (const factor of FACTORS) {
    const value = document.querySelector(`input[name=${factor}]:checked`).value;
    if (value === "auto") continue;
    for (const source of SOURCES) setWeight(source, factor, source === value ? 1 : 0);
  }
}

function setWeight(source, factor, value) {
  const slider = $(`weight-${source}-${factor}`);
  slider.value = value;
  slider.dispatchEvent(new Event("input"));
}

// Everything but the clips, as the server takes it.
export function settings() {
  const wanted = { num_samples: Number($("num_samples").value), seed: Number($("seed").value), align: $("align").checked };
  if ($("numbers").open) {
    wanted.weights = SOURCES.flatMap((s) => FACTORS.map((f) => Number($(`weight-${s}-${f}`).value)));
  } else {
    for (const factor of FACTORS) wanted[factor] = document.querySelector(`input[name=${factor}]:checked`).value;
  }
  for (const [group, fields] of Object.entries(GROUPS)) {
    const set = fields.map(({ name }) => [name, controls.get(name).get()]).filter(([, value]) => value !== undefined);
    if (set.length) wanted[group] = Object.fromEntries(set);
  }
  const rest = [...TIMING, ...SOUND].filter(({ name }) => !$(`field-${name}`).hidden);
  for (const { name, needs } of rest) {
    const value = controls.get(name).get();
    if (value !== undefined && (!needs || controls.get(needs).get())) wanted[name] = value;
  }
  for (const role of SOURCES) {
    for (const name of GRID) if (cards[role].grid[name] !== undefined) wanted[`${role}_${name}`] = cards[role].grid[name];
  }
  return wanted;
}

export function order() {
  return { input: cards.input.state.clip.id, target: cards.target.state.clip.id, ...settings() };
}

// Settings of an order, back on the controls.
export function takeUp(wanted) {
  $("num_samples").value = wanted.num_samples;
  $("seed").value = wanted.seed;
  $("align").checked = wanted.align;
  for (const factor of FACTORS) {
    document.querySelector(`input[name=${factor}][value=${wanted[factor] || "auto"}]`).checked = true;
  }
  $("numbers").open = Boolean(wanted.weights);
  wanted.weights?.forEach((weight, i) => setWeight(SOURCES[Math.floor(i / 3)], FACTORS[i % 3], weight));
  for (const [group, fields] of Object.entries(GROUPS)) for (const { name } of fields) controls.get(name).set(wanted[group]?.[name]);
  for (const { name } of [...TIMING, ...SOUND]) controls.get(name).set(wanted[name]);
  for (const host of ["style", "timing", "sound"]) {
    const fields = { style: [...STYLE, ...ROLES], timing: TIMING, sound: SOUND }[host];
    if (fields.some(({ name }) => controls.get(name).get() !== undefined)) $(host).closest("details").open = true;
  }
  for (const role of SOURCES) {
    cards[role].setGrid(Object.fromEntries(GRID.map((name) => [name, wanted[`${role}_${name}`]])));
  }
  tell("options");
}

// An order in a few words, for the list of takes.
export function inWords(wanted) {
  const parts = wanted.weights ? [`weights ${wanted.weights.join(" ")}`]
    : FACTORS.filter((factor) => wanted[factor] && wanted[factor] !== "auto").map((factor) => `${factor} from ${wanted[factor]}`);
  if (!parts.length) parts.push("all auto");
  for (const { name, label, choices } of [...STYLE, ...ROLES, ...TIMING, ...SOUND]) {
    const value = wanted.style?.[name] ?? wanted.roles?.[name] ?? wanted[name];
    if (value === undefined) continue;
    const said = choices?.find(([choice]) => choice === value)?.[1] ?? value;
    parts.push(value === true ? label.toLowerCase() : `${label.toLowerCase()} ${said}`);
  }
  for (const name of ["hits", "chords", "notes"]) if (wanted[name]) parts.push(`${name} edited`);
  return [...parts, `seed ${wanted.seed}`].join(", ");
}
