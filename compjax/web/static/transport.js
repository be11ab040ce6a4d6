// A row of controls over a player.

import { clock, icon, make } from "./tools.js";

export function transport(host, player, { name, looping = false, prepare = null }) {
  const button = make("button", { type: "button", className: "round" });
  const slider = make("input", { type: "range", min: 0, step: 0.01, value: 0, "aria-label": `Position in ${name}` });
  const time = make("span", { className: "time" });
  host.replaceChildren(button, slider, time);
  if (looping) {
    const box = make("input", { type: "checkbox" });
    box.addEventListener("change", () => player.setLoop(box.checked));
    host.append(make("label", { className: "check" }, box, "Loop"));
  }
  button.addEventListener("click", async () => {
    if (player.playing) return player.pause();
    if (prepare && !(await prepare())) return;
    await player.play();
  });
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
    slider.setAttribute("aria-valuetext", `${position.toFixed(1)} of ${player.duration.toFixed(1)} seconds`);
    time.textContent = `${clock(position)} / ${clock(player.duration)}`;
  });
  player.tell();
}
