// Every page: what says data-refresh is fetched anew and put in place, without losing the place that is read.

const main = document.querySelector("main");

export async function renew() {
  const answer = await fetch(location.href, { credentials: "same-origin", cache: "no-store" });
  if (answer.redirected) {
    location.assign(answer.url);
    return;
  }
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
  if (page === null) return;
  const places = [...main.querySelectorAll(".wide, .picture")].map((box) => [box.scrollLeft, box.scrollTop]);
  main.replaceChildren(...page.childNodes);
  main.dataset.shape = page.dataset.shape ?? "";
  main.querySelectorAll(".wide, .picture").forEach((box, at) => {
    if (places[at]) [box.scrollLeft, box.scrollTop] = places[at];
  });
  main.dispatchEvent(new CustomEvent("renewed"));
}

// Nobody who is at a control or has marked some text there is interrupted.
function busy() {
  const marked = document.getSelection();
  return main.contains(document.activeElement) && document.activeElement !== main
    || (marked !== null && !marked.isCollapsed && main.contains(marked.anchorNode));
}

const every = Number(main?.dataset.refresh ?? 0);
if (every > 0) {
  setInterval(() => {
    if (!document.hidden && !busy()) renew().catch(() => {});
  }, every * 1000);
}

// The menu of the person closes by Escape and by a click elsewhere.
const person = document.querySelector(".person");
if (person !== null) {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && person.open) {
      person.open = false;
      person.querySelector("summary").focus();
    }
  });
  document.addEventListener("click", (event) => {
    if (!person.contains(event.target)) person.open = false;
  });
}
