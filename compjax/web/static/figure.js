// Figures: lanes on one axis of time.

import { rem } from "./drawing.js";
import { clock, make } from "./tools.js";

const MAX_SHEET_PX = 12000;    // browsers refuse wider canvases

export class Figure {
  // Lanes are { chords, source } or { height (rem), draw(figure), label }, each with a title if it needs one.
  constructor(host, label, { seconds, scale, lanes, player }) {
    Object.assign(this, { host, seconds, scale, lanes, player });
    this.sheet = make("div", { className: "sheet" });
    this.scroller = make("div", { className: "scroll", role: "group", "aria-label": label }, this.sheet);
    this.playhead = make("div", { className: "playhead", hidden: true });
    host.replaceChildren(this.scroller);
    this.build();
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.scroller);
    this.sheet.addEventListener("click", (event) => {
      const box = this.sheet.getBoundingClientRect();
      player.seek(((event.clientX - box.left) / box.width) * this.seconds);
    });
    this.follow = () => this.move();
    player.listeners.push(this.follow);
  }

  remove() {
    this.observer.disconnect();
    this.player.listeners = this.player.listeners.filter((listener) => listener !== this.follow);
    this.host.replaceChildren();
  }

  build() {
    this.canvases = [];
    for (const lane of this.lanes) {
      if (lane.title) this.sheet.append(make("p", { className: "lane-title" }, lane.title));
      if (lane.chords) {
        this.sheet.append(this.chordLane(lane));
        continue;
      }
      const canvas = make("canvas", { role: "img", "aria-label": lane.label });
      this.canvases.push([lane, canvas]);
      this.sheet.append(make("div", { className: "lane" }, canvas));
    }
    this.axis = make("div", { className: "axis", "aria-hidden": "true" });
    this.sheet.append(this.axis, this.playhead);
  }

  chordLane({ chords, source = "" }) {
    const names = chords.map((chord) => chord.name).join(", ");
    const lane = make("div", { className: `lane chords ${source}`, role: "img", "aria-label": `Chords: ${names || "none"}` });
    for (const { start, end, name } of chords) {
      const span = make("span", { title: `${name}, from ${start.toFixed(1)} s` }, name);
      span.style.left = `${(100 * start) / this.seconds}%`;
      span.style.width = `${(100 * (Math.min(end, this.seconds) - start)) / this.seconds}%`;
      lane.append(span);
    }
    return lane;
  }

  draw() {
    const room = this.scroller.clientWidth;
    if (!room) return;
    const wanted = Math.min(this.seconds * this.scale, MAX_SHEET_PX);
    const width = Math.max(room, wanted);
    this.sheet.style.width = `${width}px`;
    const scrolls = width > room + 1;
    this.scroller.tabIndex = scrolls ? 0 : -1;
    const density = Math.min(window.devicePixelRatio || 1, 16000 / width);
    for (const [lane, canvas] of this.canvases) {
      const height = lane.height * rem();
      canvas.width = Math.round(width * density);
      canvas.height = Math.round(height * density);
      canvas.style.height = `${height}px`;
      const pen = canvas.getContext("2d");
      pen.setTransform(density, 0, 0, density, 0, 0);
      lane.draw({ pen, width, height, x: (seconds) => (seconds / this.seconds) * width, host: this.host });
    }
    this.drawAxis(width);
    for (const name of this.sheet.querySelectorAll(".chords span")) {  // a name that has no room is left out
      name.classList.remove("narrow");
      name.classList.toggle("narrow", name.scrollWidth > name.clientWidth);
    }
    this.move();
  }

  drawAxis(width) {
    const least = (4.5 * rem() * this.seconds) / width;
    const step = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600].find((size) => size >= least) || 1200;
    this.axis.replaceChildren();
    for (let second = 0; second <= this.seconds - step * 0.4 || second === 0; second += step) {
      const mark = make("span", {}, second === 0 ? "0 s" : this.seconds > 90 ? clock(second) : `${second}`);
      mark.style.left = `${(100 * second) / this.seconds}%`;
      this.axis.append(mark);
    }
  }

  move() {
    const position = this.player.position;
    this.playhead.hidden = !(this.player.playing || position > 0);
    this.playhead.style.left = `${(100 * position) / this.seconds}%`;
    if (!this.player.playing) return;
    const at = (position / this.seconds) * this.sheet.clientWidth;
    const { scrollLeft, clientWidth } = this.scroller;
    if (at < scrollLeft || at > scrollLeft + 0.95 * clientWidth) this.scroller.scrollLeft = at - 0.1 * clientWidth;
  }
}
