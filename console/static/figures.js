// Figures as people read them: the same as console/pages/shown.py.

const NONE = "–";
const norwegian = document.documentElement.lang === "nb";

export function number(value) {
  if (value === null || value === undefined) return NONE;
  return String(Math.trunc(value)).replace(/\B(?=(\d{3})+$)/g, norwegian ? " " : ",");
}

export function percent(value) {
  if (value === null || value === undefined) return NONE;
  const text = (value * 100).toFixed(1);
  return norwegian ? `${text.replace(".", ",")} %` : `${text}%`;
}

export function whole(value) {
  if (value === null || value === undefined) return NONE;
  return `${(value * 100).toFixed(0)}${norwegian ? " " : ""}%`;
}

export function since(value, now) {
  if (!value) return NONE;
  const seconds = Math.trunc(Math.max(now - value, 0) / 1000);
  const two = (part) => String(part).padStart(2, "0");
  if (seconds >= 3600) {
    return `${Math.trunc(seconds / 3600)}:${two(Math.trunc((seconds % 3600) / 60))}:${two(seconds % 60)}`;
  }
  return `${Math.trunc(seconds / 60)}:${two(seconds % 60)}`;
}
