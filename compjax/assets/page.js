// Players that keep each other's place, and a line over the pictures where the sound is.
// On a page of several pairs, each in an element of class "pair", those of one pair only.
"use strict";
const players = [...document.querySelectorAll("audio[data-time]")];
const keep = document.getElementById("keep");
const pictures = [...document.querySelectorAll(".picture[data-left]")];
let current = null;

const sameTime = (one, other) => one.closest(".pair") === other.closest(".pair");

for (const audio of document.querySelectorAll("audio")) {
  audio.addEventListener("play", () => {
    for (const other of document.querySelectorAll("audio")) {
      if (other === audio) continue;
      const kept = keep && keep.checked && players.includes(audio) && players.includes(other);
      if (!other.paused && kept && sameTime(audio, other)) {
        audio.currentTime = Math.min(other.currentTime, audio.duration || other.currentTime);
      }
      other.pause();
    }
    current = players.includes(audio) ? audio : null;
    requestAnimationFrame(draw);
  });
  audio.addEventListener("seeked", () => { if (players.includes(audio)) { current = audio; draw(); } });
}

function draw() {
  if (!current) return;
  for (const picture of pictures) {
    const { left, right, from, to } = picture.dataset;
    const share = (current.currentTime - from) / (to - from);
    const line = picture.querySelector(".playhead");
    line.hidden = !(share >= 0 && share <= 1 && sameTime(picture, current));
    line.style.left = `${100 * (Number(left) + share * (right - left))}%`;
  }
  if (!current.paused) requestAnimationFrame(draw);
}

for (const picture of pictures) {
  picture.addEventListener("click", (event) => {
    const { left, right, from, to } = picture.dataset;
    const box = picture.getBoundingClientRect();
    const share = ((event.clientX - box.left) / box.width - left) / (right - left);
    const own = picture.parentElement.querySelector("audio[data-time]");
    const heard = current && sameTime(picture, current) ? current : null;
    const audio = heard || own || document.querySelector("audio[data-main]");
    if (share < 0 || share > 1 || !audio) return;
    current = audio;
    audio.currentTime = Number(from) + share * (to - from);
  });
}

// The sound is in the page once: its download is what the player plays.
for (const link of document.querySelectorAll("a[data-of]")) {
  const audio = document.getElementById(link.dataset.of);
  if (audio) link.href = audio.src;
}
