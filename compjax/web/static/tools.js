// Small tools that every part of the page uses.

export const SOURCES = ["input", "target"];
export const FACTORS = ["rhythm", "harmony", "timbre"];
export const $ = (id) => document.getElementById(id);

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in element && name !== "role" && name !== "list") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
export const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const say = (text) => { $("spoken").textContent = text; };

export function icon(name) {
  const paths = {
    play: '<path class="solid" d="M8 5.5v13l11-6.5z"/>',
    pause: '<path class="solid" d="M7 5h3.6v14H7zM13.4 5H17v14h-3.6z"/>',
    more: '<path d="M12 6v12M6 12h12"/>',
    less: '<path d="M6 12h12"/>',
  };
  const holder = document.createElement("template");
  holder.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true">${paths[name]}</svg>`;
  return holder.content.firstChild;
}
// What one part tells the others: tell("clips"), on("clips", ...).
const bus = new EventTarget();
export const tell = (name) => bus.dispatchEvent(new Event(name));
export const on = (name, listener) => bus.addEventListener(name, listener);

// What the browser keeps for this tab, loading the page again included; nothing where it may not.
export function remember(name, value) {
  try { sessionStorage.setItem(`compjax ${name}`, JSON.stringify(value)); } catch { /* private windows */ }
}

export function recall(name) {
  try { return JSON.parse(sessionStorage.getItem(`compjax ${name}`)); } catch { return null; }
}
