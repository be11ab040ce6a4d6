// A row of controls over a player, and the keys that do the same.

import { clock, icon, make } from "./tools.js";

export function transport(host, player, { name, prepare = null, tools = false }) {
  const button = make("button", { type: "button", className: "round" });
  const slider = make("input", { type: "range", min: 0, step: 0.01, value: 0, "aria-label": `Position in ${name}` });
  const time = make("span", { className: "time" });
  host.replaceChildren(button, slider, time);
  const loop = tools ? addTools(host, player) : null;
  player.toggle = async () => {
    if (player.playing) return player.pause();
    if (prepare && !(await prepare())) return;
    await player.play();
  };
  button.addEventListener("click", player.toggle);
  slider.addEventListener("input", () => player.seek(Number(slider.value)));
  let shown = null;
  player.listeners.push(() => {
    const position = player.position;
    if (shown !== player.playing) {
      shown = player.playing;
      button.replaceChildren(icon(shown ? "pause" : "play"));
      button.setAttribute("aria-label", `${shown ? "Pause" : "Play"} ${name}`);
    }
    slider.max = player.duration;
    slider.value = position;
    slider.setAttribute("aria-valuetext", placeInWords(player, position));
    time.textContent = `${clock(position)} / ${clock(player.duration)}`;
    if (loop) loop.checked = player.loop;
  });
  player.tell();
}

function placeInWords({ grid, duration }, position) {
  const seconds = `${position.toFixed(1)} of ${duration.toFixed(1)} seconds`;
  const place = grid && barAndBeat(grid, position);
  return place ? `bar ${place}, ${seconds}` : seconds;
}

// Such as 3.2: the second beat of the third bar. Beats before the first bar are bar 0.
export function barAndBeat({ beats, bars }, position) {
  const beat = beats.findLastIndex((time) => time <= position + 0.02);
  if (beat < 0) return "";
  const bar = bars.findLastIndex((first) => first <= beat);
  return bar < 0 ? `0.${beat + 1}` : `${bar + 1}.${beat - bars[bar] + 1}`;
}

function addTools(host, player) {
  const box = (text, title, act) => {
    const input = make("input", { type: "checkbox" });
    input.addEventListener("change", () => act(input.checked));
    host.append(make("label", { className: "check", title }, input, text));
    return input;
  };
  const press = (text, title, act) => {
    const made = make("button", { type: "button", className: "small", title }, text);
    made.addEventListener("click", act);
    host.append(made);
  };
  const loop = box("Loop", "Key L", (on) => player.setLoop(on));
  press("from here", "The loop begins here; dragging along the bars marks it too",
    () => player.setLoop(true, [player.position, Math.max(player.bounds[1], player.position + 0.1)]));
  press("to here", "The loop ends here", () => player.setLoop(true, [player.region ? player.region[0] : 0, player.position]));
  press("all", "Loop the whole", () => player.setLoop(player.loop, null));
  box("Metronome", "Clicks on the beats, higher where a bar begins", (on) => { player.metronome = on; });
  box("One loudness", "Input, target and takes as loud as each other", (on) => player.setEven(on)).checked = true;
  return loop;
}

// Space plays, arrows go a beat back or on, L loops, others as `more` says; not while something is written.
export function listenToKeys(current, more) {
  document.addEventListener("keydown", (event) => {
    const { target } = event, player = current();
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (target.closest("input:not([type=checkbox], [type=radio]), textarea, select, .events")) return;
    const onControl = target.closest("button, a, summary, input, label");
    const act = { ArrowLeft: () => step(player, -1), ArrowRight: () => step(player, 1),
      l: () => player.setLoop(!player.loop), ...more }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (event.key === " " && !onControl) player.toggle?.();
    else if (act && !(target.type === "radio" && event.key.startsWith("Arrow"))) act();
    else return;
    event.preventDefault();
  });
}

function step(player, way) {
  const beats = player.grid?.beats || [], here = player.position;
  const next = way > 0 ? beats.find((beat) => beat > here + 0.03) : beats.findLast((beat) => beat < here - 0.15);
  player.seek(next ?? here + way);
}
