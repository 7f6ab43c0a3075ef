// How many callers are at each step now, as a badge on the step in the picture.

const SVG = "http://www.w3.org/2000/svg";
const main = document.querySelector("main");

function badge(step, count, word) {
  const box = step.querySelector("path").getBBox();
  const group = document.createElementNS(SVG, "g");
  group.setAttribute("class", "here");
  const text = document.createElementNS(SVG, "text");
  text.textContent = String(count);
  const width = 14 + 8 * String(count).length;
  const rect = document.createElementNS(SVG, "rect");
  const right = box.x + box.width + 6;
  for (const [name, value] of Object.entries({ x: right - width, y: box.y - 10, width, height: 20, rx: 10 })) {
    rect.setAttribute(name, String(value));
  }
  text.setAttribute("x", String(right - width / 2));
  text.setAttribute("y", String(box.y + 4.5));
  text.setAttribute("text-anchor", "middle");
  const title = document.createElementNS(SVG, "title");
  title.textContent = `${word}: ${count}`;
  group.append(title, rect, text);
  step.append(group);
}

function show() {
  const counts = main.querySelector("[data-here]");
  if (counts === null) return;
  for (const one of counts.querySelectorAll("data")) {
    const step = main.querySelector(`[id="step-${CSS.escape(one.dataset.step)}"]`);
    if (step !== null) badge(step, one.value, counts.dataset.word);
  }
}

// A big picture begins where callers come in.
function begin() {
  const box = main.querySelector(".picture");
  const entry = main.querySelector('[id="step-"]');
  if (box === null || entry === null) return;
  const from = box.getBoundingClientRect();
  const to = entry.getBoundingClientRect();
  box.scrollLeft += to.left - from.left - 24;
  if (to.bottom > from.bottom) box.scrollTop += to.top - from.top - box.clientHeight / 3;
}

main.addEventListener("renewed", show);
show();
begin();
