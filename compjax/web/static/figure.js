// Figures: lanes on one axis of time, in bars and beats where there are any.

import { rem } from "./drawing.js";
import { clock, icon, make } from "./tools.js";

const MAX_SHEET_PX = 12000;    // browsers refuse wider canvases
const MOST_ZOOM = 16;

export class Figure {
  // Lanes are { draw(figure), height (rem), label } or { element(figure) }, each with a title if it needs one.
  // `seconds` may be other than the player's duration: then places are shares of the whole.
  constructor(host, label, { seconds, scale, lanes, player, grid = null }) {
    Object.assign(this, { host, seconds, scale, lanes, player, grid, zoom: 1 });
    this.sheet = make("div", { className: "sheet" });
    this.scroller = make("div", { className: "scroll", role: "group", "aria-label": label }, this.sheet);
    this.playhead = make("div", { className: "playhead", hidden: true });
    this.region = make("div", { className: "region", hidden: true });
    host.replaceChildren(this.scroller, this.zoomButtons(label));
    this.build();
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.scroller);
    this.sheet.addEventListener("click", (event) => {
      if (!event.defaultPrevented && !event.target.closest(".events, button")) player.seek(this.inPlayer(this.timeAt(event)));
    });
    this.follow = () => this.move();
    player.listeners.push(this.follow);
  }

  zoomButtons(label) {
    const button = (name, factor, text) => {
      const made = make("button", { type: "button", className: "round tiny", "aria-label": `${text} ${label.toLowerCase()}` }, icon(name));
      made.addEventListener("click", () => this.setZoom(this.zoom * factor));
      return made;
    };
    return make("div", { className: "zoom" }, button("less", 0.5, "Zoom out of the"), button("more", 2, "Zoom into the"));
  }

  setZoom(zoom) {
    this.zoom = Math.max(1, Math.min(MOST_ZOOM, zoom));
    this.draw();
    const at = (this.inSheet(this.player.position) / this.seconds) * this.sheet.clientWidth;
    this.scroller.scrollLeft = at - this.scroller.clientWidth / 2;
  }

  inPlayer(seconds) { return (seconds / this.seconds) * this.player.duration; }

  inSheet(position) { return this.player.duration ? (position / this.player.duration) * this.seconds : 0; }

  timeAt(event) {
    const box = this.sheet.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * this.seconds;
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
      const holder = make("div", { className: `lane ${lane.className || ""}` });
      if (lane.draw) {
        const canvas = make("canvas", { role: "img", "aria-label": lane.label });
        this.canvases.push([lane, canvas]);
        holder.append(canvas);
      }
      if (lane.element) holder.append(lane.element(this));
      this.sheet.append(holder);
    }
    this.axis = make("div", { className: "axis", "aria-hidden": "true", title: "Drag along here to mark a loop" });
    this.axis.addEventListener("pointerdown", (event) => this.markLoop(event));
    this.sheet.append(this.axis, this.region, this.playhead);
  }

  markLoop(event) {
    const start = this.timeAt(event);
    const moved = (now) => {
      const ends = [start, this.timeAt(now)].map((time) => this.inPlayer(this.nearest(time))).sort((a, b) => a - b);
      if (ends[1] - ends[0] > 0.1) this.player.setLoop(true, ends);
    };
    const swallow = (click) => { if (Math.abs(this.timeAt(click) - start) > 0.1) click.preventDefault(); };
    this.axis.setPointerCapture(event.pointerId);
    this.axis.addEventListener("pointermove", moved);
    this.axis.addEventListener("click", swallow, { once: true });
    this.axis.addEventListener("pointerup", () => this.axis.removeEventListener("pointermove", moved), { once: true });
  }

  // The beat that is nearest to a time, where there are beats.
  nearest(time) {
    const closer = (best, beat) => (Math.abs(beat - time) < Math.abs(best - time) ? beat : best);
    return this.grid?.beats.length ? this.grid.beats.reduce(closer) : time;
  }

  draw() {
    const room = this.scroller.clientWidth;
    if (!room) return;
    const wanted = Math.min(this.seconds * this.scale, MAX_SHEET_PX);
    const width = Math.min(Math.max(room, wanted) * this.zoom, MAX_SHEET_PX);
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
      lane.draw({ pen, width, height, x: (seconds) => (seconds / this.seconds) * width, host: canvas });
    }
    if (this.grid?.bars.length) this.drawBars(width);
    else this.drawSeconds(width);
    for (const name of this.sheet.querySelectorAll(".chords .chord")) {  // a name that has no room is left out
      name.classList.remove("narrow");
      name.classList.toggle("narrow", name.scrollWidth > name.clientWidth);
    }
    this.move();
  }

  drawSeconds(width) {
    const least = (4.5 * rem() * this.seconds) / width;
    const step = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600].find((size) => size >= least) || 1200;
    this.axis.replaceChildren();
    for (let second = 0; second <= this.seconds - step * 0.4 || second === 0; second += step) {
      this.mark(second, second === 0 ? "0 s" : this.seconds > 90 ? clock(second) : `${second}`);
    }
  }

  drawBars(width) {
    const { beats, bars } = this.grid, px = width / this.seconds;
    this.axis.replaceChildren();
    const room = bars.length > 1 ? (beats[bars[1]] - beats[bars[0]]) * px : width;
    const every = [1, 2, 4, 8, 16, 32, 64].find((count) => count * room > 2.2 * rem()) || 128;
    bars.forEach((beat, i) => { if (i % every === 0) this.mark(beats[beat], i ? `${i + 1}` : "bar 1", "bar-mark"); });
    const starts = new Set(bars);
    if (room / 4 > 8) beats.forEach((beat, i) => { if (!starts.has(i)) this.mark(beat, "", "beat-mark"); });
  }

  mark(seconds, text, className = "") {
    const mark = make("span", { className }, text);
    mark.style.left = `${(100 * seconds) / this.seconds}%`;
    this.axis.append(mark);
  }

  move() {
    const { player } = this, share = player.duration ? player.position / player.duration : 0;
    this.playhead.hidden = !(player.playing || share > 0);
    this.playhead.style.left = `${100 * share}%`;
    this.region.hidden = !(player.region && player.loop);
    if (player.region) {
      this.region.style.left = `${(100 * player.region[0]) / player.duration}%`;
      this.region.style.width = `${(100 * (player.region[1] - player.region[0])) / player.duration}%`;
    }
    if (!player.playing) return;
    const at = share * this.sheet.clientWidth;
    const { scrollLeft, clientWidth } = this.scroller;
    if (at < scrollLeft || at > scrollLeft + 0.95 * clientWidth) this.scroller.scrollLeft = at - 0.1 * clientWidth;
  }
}
