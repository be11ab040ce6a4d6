// Events on a lane that can be edited: by pointer, and by keys alone. Hits and notes are both such.

import { make } from "./tools.js";

const ACCENTS = [[0.4, "soft"], [0.7, "medium"], [1, "accented"]];

export const strength = (velocity) => ACCENTS.reduce((best, one) => (Math.abs(one[0] - velocity) < Math.abs(best[0] - velocity) ? one : best));

export class EventLane {
  // items: { time, length, row, velocity }, rows from the bottom; `describe` names one for those who cannot see it.
  constructor({ items, rows, describe, changed, snap, height, drawBehind, label, newItem }) {
    Object.assign(this, { items, rows, describe, changed, snap, height, label, newItem });
    this.draw = drawBehind || null;
    this.selected = items[0] || null;
    this.history = [];
  }

  element = (figure) => {
    this.figure = figure;
    this.host = make("div", { className: "events", role: "group", "aria-label": `${this.label}. Arrows choose one, with Shift they move it; up and down change its row, Enter its accent, Delete removes it.` });
    this.host.addEventListener("click", (event) => { if (event.target === this.host) this.addAt(event); });
    this.host.addEventListener("keydown", (event) => this.press(event));
    this.render();
    return this.host;
  };

  render() {
    const { seconds } = this.figure;
    this.items.sort((a, b) => a.time - b.time || a.row - b.row);
    this.host.replaceChildren(...this.items.map((item) => {
      const button = make("button", { type: "button", className: `event ${strength(item.velocity)[1]}`, tabIndex: item === this.selected ? 0 : -1, "aria-label": this.describe(item) });
      button.style.left = `${(100 * Math.max(item.time, 0)) / seconds}%`;
      button.style.bottom = `${(100 * item.row) / this.rows}%`;
      button.style.height = `${100 / this.rows}%`;
      button.classList.toggle("muted", Boolean(this.isMuted?.(item)));
      if (item.why) button.title = this.describe(item);
      if (item.length) button.style.width = `${(100 * item.length) / seconds}%`;
      button.dataset.selected = item === this.selected;
      button.addEventListener("focus", () => this.select(item));
      button.addEventListener("pointerdown", (event) => this.drag(event, item, button));
      item.button = button;
      return button;
    }));
  }

  select(item) {
    if (this.selected?.button) { this.selected.button.tabIndex = -1; this.selected.button.dataset.selected = false; }
    this.selected = item;
    item.button.tabIndex = 0;
    item.button.dataset.selected = true;
  }

  // Change what is selected, and remember what was.
  edit(change) {
    this.history.push(this.items.map(({ button, ...item }) => ({ ...item })));
    change();
    const focused = this.host.contains(document.activeElement);
    this.render();
    if (focused) this.selected?.button.focus();
    this.changed();
  }

  undo() {
    if (!this.history.length) return;
    this.items = this.history.pop();
    this.selected = this.items[0] || null;
    this.render();
    this.changed();
  }

  addAt(event) {
    const box = this.host.getBoundingClientRect();
    const row = Math.min(this.rows - 1, Math.max(0, Math.floor(((box.bottom - event.clientY) / box.height) * this.rows)));
    this.add(this.snap(this.figure.timeAt(event)), row);
  }

  add(time, row) {
    const item = this.newItem(time, row);
    this.edit(() => { this.items.push(item); this.selected = item; });
    item.button?.focus();
  }

  remove() {
    if (!this.selected) return;
    const at = this.items.indexOf(this.selected);
    this.edit(() => {
      this.items.splice(at, 1);
      this.selected = this.items[Math.min(at, this.items.length - 1)] || null;
    });
  }

  accent() {
    if (!this.selected) return;
    const at = ACCENTS.indexOf(strength(this.selected.velocity));
    this.edit(() => { this.selected.velocity = ACCENTS[(at + 1) % ACCENTS.length][0]; });
  }

  moveBy(rows, steps) {
    const item = this.selected;
    if (!item) return;
    this.edit(() => {
      item.row = Math.max(0, Math.min(this.rows - 1, item.row + rows));
      if (steps) item.time = Math.max(0, this.snap(item.time + steps * this.snap.step, true));
    });
  }

  press(event) {
    const next = (way) => this.items[Math.max(0, Math.min(this.items.length - 1, this.items.indexOf(this.selected) + way))]?.button.focus();
    const sideways = (way) => () => (event.shiftKey ? this.moveBy(0, way) : next(way));
    const act = { ArrowLeft: sideways(-1), ArrowRight: sideways(1), ArrowUp: () => this.moveBy(1, 0), ArrowDown: () => this.moveBy(-1, 0),
      Delete: () => this.remove(), Backspace: () => this.remove(), Enter: () => this.accent() }[event.key];
    if (!act || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  // Drag an event elsewhere; a click without moving selects it, a second one changes its accent.
  drag(event, item, button) {
    const again = this.selected === item && document.activeElement === button;
    const from = { x: event.clientX, y: event.clientY }, box = this.host.getBoundingClientRect();
    const seconds = this.figure.seconds / box.width, row = box.height / this.rows;
    let moved = null;
    button.setPointerCapture(event.pointerId);
    button.onpointermove = (now) => {
      const x = now.clientX - from.x, y = now.clientY - from.y;
      if (!moved && Math.hypot(x, y) < 4) return;
      moved = { time: Math.max(0, this.snap(item.time + x * seconds)), row: Math.max(0, Math.min(this.rows - 1, item.row - Math.round(y / row))) };
      button.style.left = `${(100 * moved.time) / this.figure.seconds}%`;
      button.style.bottom = `${(100 * moved.row) / this.rows}%`;
    };
    button.onpointerup = () => {
      button.onpointermove = button.onpointerup = null;
      if (moved) this.edit(() => Object.assign(item, moved));
      else if (again) this.accent();
    };
  }
}
