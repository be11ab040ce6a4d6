// What is asked for.

import { cards } from "./card.js";
import { $, capital, FACTORS, make, SOURCES } from "./tools.js";

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
      const tell = () => { number.textContent = Number(slider.value).toFixed(2); };
      slider.addEventListener("input", tell);
      slider.value = (source === "input") === (factor === "rhythm") ? 1 : 0;
      tell();
      group.append(make("label", {}, make("span", {}, capital(factor)), slider, number));
    }
    $("weights").append(group);
  }
  $("numbers").addEventListener("toggle", () => {
    for (const choice of $("switches").children) {
      choice.disabled = $("numbers").open;
      choice.classList.toggle("off", $("numbers").open);
    }
    if ($("numbers").open) startWeights();
  });
  $("draw").addEventListener("click", () => { $("seed").value = Math.floor(Math.random() * 1e6); });
}

// The sliders begin where the switches stand.
function startWeights() {
  for (const factor of FACTORS) {
    const value = document.querySelector(`input[name=${factor}]:checked`).value;
    if (value === "auto") continue;
    for (const source of SOURCES) {
      const slider = $(`weight-${source}-${factor}`);
      slider.value = source === value ? 1 : 0;
      slider.dispatchEvent(new Event("input"));
    }
  }
}

export function order() {
  const wanted = {
    input: cards.input.state.clip.id,
    target: cards.target.state.clip.id,
    num_samples: Number($("num_samples").value),
    seed: Number($("seed").value),
    align: $("align").checked,
  };
  if ($("numbers").open) {
    wanted.weights = SOURCES.flatMap((s) => FACTORS.map((f) => Number($(`weight-${s}-${f}`).value)));
  } else {
    for (const factor of FACTORS) wanted[factor] = document.querySelector(`input[name=${factor}]:checked`).value;
  }
  return wanted;
}
