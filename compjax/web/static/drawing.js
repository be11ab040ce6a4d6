// Colours of the page, and lines, for canvases.

export const css = (name, host = document.documentElement) => getComputedStyle(host).getPropertyValue(name).trim();
export const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);
const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
export const withAlpha = (hex, alpha) => `rgba(${rgb(hex).join(",")},${alpha})`;

export function ramp(...colours) {
  const stops = colours.map(rgb);
  return Array.from({ length: 256 }, (_, level) => {
    const place = (level / 255) * (stops.length - 1);
    const first = Math.min(Math.floor(place), stops.length - 2);
    return stops[first].map((value, i) => value + (place - first) * (stops[first + 1][i] - value));
  });
}
export function line(pen, x0, y0, x1, y1) {
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
}
