// The wallboard: figures by their names, kept up to date by events; the last ones stay while there is no connection.

import { number, percent, since, whole } from "./figures.js";
import { renew } from "./page.js";

const main = document.querySelector("main");
const state = new Map();
const COUNTS = ["number", "since"];
const SIGNS = { bad: "!", warn: "▲", note: "i" };
let ahead = 0; // how far the node's clock is before ours

const now = () => Date.now() + ahead;

function text(kind, value) {
  if (kind === "since") return since(value, now());
  return { number, percent, whole }[kind](value);
}

function put(element, told) {
  if (element.textContent === told) return;
  element.textContent = told;
  const value = state.get(element.dataset.k);
  element.classList.toggle("zero", value === null || (!value && COUNTS.includes(element.dataset.f)));
  if (element.dataset.f === "since") return;
  element.classList.remove("changed");
  void element.offsetWidth; // begins the animation anew
  element.classList.add("changed");
}

function show(names) {
  for (const element of main.querySelectorAll("[data-k]")) {
    if (names.has(element.dataset.k)) put(element, text(element.dataset.f, state.get(element.dataset.k)));
  }
  for (const rect of main.querySelectorAll("[data-w]")) {
    if (names.has(rect.dataset.w)) rect.setAttribute("width", String((state.get(rect.dataset.w) ?? 0) * 100));
  }
  for (const meter of main.querySelectorAll("[data-meter]")) {
    meter.toggleAttribute("data-none", (state.get(meter.dataset.meter) ?? null) === null);
  }
  for (const name of names) {
    if (name.startsWith("a|")) {
      shares();
      break;
    }
  }
  flags();
}

function flags() {
  for (const flag of main.querySelectorAll("[data-flag]")) {
    const [, queue, key] = flag.dataset.flag.split("|");
    const value = state.get(flag.dataset.flag);
    const off = key === "oldest"
      ? Boolean(value) && now() - value > state.get(`q|${queue}|target`) * 1000
      : value !== null && value !== undefined && value < state.get(`q|${queue}|goal`);
    if (flag.hidden === off) flag.hidden = !off;
  }
}

function shares() {
  const line = main.querySelector("[data-shares]");
  if (line === null) return;
  const names = line.dataset.shares.split(",");
  const all = names.reduce((sum, name) => sum + (state.get(`a|${name}`) ?? 0), 0) || 1;
  let at = 0;
  for (const name of names) {
    const rect = line.querySelector(`[data-share="${name}"]`);
    const width = (300 * (state.get(`a|${name}`) ?? 0)) / all;
    rect.setAttribute("x", String(at));
    rect.setAttribute("width", String(width));
    at += width;
  }
}

function alarms(told) {
  const box = main.querySelector("[data-alarms]");
  const list = box.querySelector("ul");
  const language = document.documentElement.lang === "nb" ? 1 : 2;
  const wanted = JSON.stringify(told.map((one) => [one[0], one[language]]));
  if (box.dataset.shown === wanted) return;
  box.dataset.shown = wanted;
  list.replaceChildren(...told.map((one) => alarm(box, one[0], one[language])));
  list.hidden = told.length === 0;
  box.querySelector(".calm").hidden = told.length > 0;
}

function alarm(box, level, words) {
  const item = document.createElement("li");
  item.className = level;
  const sign = document.createElement("span");
  sign.className = "sign";
  sign.setAttribute("aria-hidden", "true");
  sign.textContent = SIGNS[level];
  const said = document.createElement("span");
  said.className = "unseen";
  said.textContent = `${box.dataset[level]}: `;
  const line = document.createElement("span");
  line.textContent = words;
  item.append(sign, said, line);
  return item;
}

function status(kind) {
  const line = main.querySelector(".status");
  line.className = `status ${kind}`;
  const said = line.querySelector("[data-status]");
  const words = line.dataset[kind];
  if (said.textContent !== words) said.textContent = words;
}

async function heard(event) {
  const told = JSON.parse(event.data);
  ahead = told.now - Date.now();
  if (told.whole) state.clear();
  for (const [name, value] of Object.entries(told.state)) state.set(name, value);
  if (told.shape !== main.dataset.shape) {
    main.dataset.shape = told.shape;
    await renew();
    main.dataset.shape = told.shape;
    show(new Set(state.keys()));
  } else {
    show(new Set(Object.keys(told.state)));
  }
  alarms(told.alarms);
  status("live");
  main.dataset.heard = String(Number(main.dataset.heard ?? 0) + 1);
}

function clocks() {
  for (const element of main.querySelectorAll('[data-f="since"]')) {
    if (state.has(element.dataset.k)) put(element, text("since", state.get(element.dataset.k)));
  }
  const clock = main.querySelector("[data-clock]");
  if (clock !== null) {
    const form = { hour: "2-digit", minute: "2-digit", timeZone: clock.dataset.clock };
    clock.textContent = new Intl.DateTimeFormat("nb", form).format(now());
  }
  flags();
}

let silent;
function listen() {
  status("connecting");
  const events = new EventSource(main.dataset.live);
  const restart = (after) => {
    events.close();
    clearTimeout(silent);
    status("away");
    setTimeout(again, after);
  };
  const watch = () => {
    clearTimeout(silent);
    silent = setTimeout(() => restart(0), 45000);
  };
  events.onopen = watch;
  events.onmessage = (event) => {
    watch();
    heard(event).catch(() => {});
  };
  events.onerror = () => restart(1000 + Math.random() * 2000);
}

// Who is not logged in any more is led to the log-in; else it is tried again, by all at different times.
async function again() {
  try {
    const answer = await fetch(location.href, { credentials: "same-origin", cache: "no-store" });
    if (answer.redirected) {
      location.assign(answer.url);
      return;
    }
    listen();
  } catch {
    setTimeout(again, 1000 + Math.random() * 4000);
  }
}

listen();
setInterval(clocks, 1000);
clocks();
