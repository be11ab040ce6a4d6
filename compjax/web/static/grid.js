// Tempo, meter and first bar of a clip: heard, or set right by hand.

import { capital, make } from "./tools.js";

const METERS = ["4/4", "3/4", "6/8", "2/4", "5/4", "7/8", "7/4", "12/8", "9/8"];

export function buildGrid(card) {
  const name = `the ${card.role}'s`;
  const bpm = make("input", { type: "number", min: 20, max: 400, step: 0.1, "aria-label": `Tempo of the ${card.role}, quarter notes a minute`, className: "bpm" });
  const meter = make("select", { "aria-label": `Meter of the ${card.role}`, className: "meter" }, ...METERS.map((text) => make("option", {}, text)));
  const bar = make("input", { type: "number", step: 0.01, "aria-label": `Seconds at which a bar of the ${card.role} begins`, className: "downbeat" });
  const button = (text, title, className, act) => {
    const made = make("button", { type: "button", className: `small ${className}`, title, "aria-label": `${text}: ${title}` }, text);
    made.addEventListener("click", act);
    return made;
  };
  const change = (more) => card.setGrid({ ...card.grid, ...more });
  const times = (factor) => () => change({ bpm: Math.round(Number(bpm.value) * factor * 100) / 100 });
  bpm.addEventListener("change", () => change({ bpm: bpm.value ? Number(bpm.value) : undefined }));
  meter.addEventListener("change", () => change({ meter: meter.value }));
  bar.addEventListener("change", () => change({ downbeat: bar.value === "" ? undefined : Number(bar.value) }));
  card.parts.grid.append(
    make("span", { className: "field" }, "Tempo", bpm, button("½", `Half ${name} tempo`, "half", times(0.5)),
      button("×2", `Double ${name} tempo`, "double", times(2))),
    make("span", { className: "field" }, "Meter", meter),
    make("span", { className: "field" }, "Bar at", bar, "s",
      button("here", `A bar of ${name} begins at the playhead`, "here", () => change({ downbeat: Math.round(card.player.position * 1000) / 1000 }))),
    button("as heard", `${capital(name)} tempo and bars as they are heard`, "reset", () => card.setGrid({})));
  card.gridParts = { bpm, meter, bar };
}

// Show what is heard or set.
export function shownGrid(card) {
  const { grid } = card.state.heard, { bpm, meter, bar } = card.gridParts;
  card.parts.grid.hidden = false;
  card.parts.grid.classList.toggle("changed", Object.values(card.grid).some((value) => value !== undefined));
  bpm.value = grid.tempo ? Math.round(grid.tempo * 10) / 10 : "";
  if (!METERS.includes(grid.meter) && ![...meter.options].some((option) => option.value === grid.meter)) {
    meter.append(make("option", {}, grid.meter));
  }
  meter.value = grid.meter;
  bar.value = grid.tempo ? grid.downbeat.toFixed(2) : "";
}
