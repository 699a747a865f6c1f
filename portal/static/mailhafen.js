// The one module: theme, menus, keys, choosing, the mail beside its list, live news.
// Every page works without it.

const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");

// Storage may be forbidden; then choices last for the page.
function remembered(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function remember(name, value) {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // Nothing is lost but the choice.
  }
}

function systemTheme() {
  return system.matches ? "dark" : "light";
}

function showTheme() {
  root.dataset.bsTheme = remembered("theme") ?? systemTheme();
}

function switchTheme() {
  const wished = root.dataset.bsTheme === "dark" ? "light" : "dark";
  // Who chooses what the system shows anyway follows the system again.
  remember("theme", wished === systemTheme() ? null : wished);
  root.dataset.bsTheme = wished;
}

showTheme();
system.addEventListener("change", showTheme);

function closeMenus(except) {
  for (const menu of document.querySelectorAll(".menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}

const rows = () => [...document.querySelectorAll("[data-row]")];
const isTyping = (target) =>
  target.isContentEditable || target.closest("textarea, select, input:not([type=checkbox])") !== null;

function row() {
  return document.activeElement?.closest(".mail, .short li")?.querySelector("[data-row]") ?? null;
}

function move(step) {
  const all = rows();
  const at = all.indexOf(row());
  const next = at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1);
  all[next]?.focus();
}

function press(key) {
  // In a list the key means the row that has the focus, then the mail beside it; elsewhere the page.
  const inList = rows().length > 0;
  const places = inList ? [row()?.closest(".mail"), document.querySelector("[data-preview]")] : [document];
  for (const place of places) {
    const found = place?.querySelector(`[data-key="${key}"]`);
    if (found) return found.click();
  }
}

// The mail beside its list, where there is room for both.
const roomy = matchMedia("(min-width: 1200px)");

async function fetched(url) {
  const answer = await fetch(url, { redirect: "error" });
  if (!answer.ok) throw new Error(answer.status);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

async function preview(link) {
  const pane = document.querySelector("[data-preview]");
  let mail = null;
  try {
    mail = (await fetched(link.href)).querySelector("#mail");
  } catch {
    // Whatever is wrong, its own page says it.
  }
  if (!mail) return location.assign(link.href);
  // The page keeps its one first heading.
  const subject = mail.querySelector("h1");
  const beside = document.createElement("h2");
  beside.append(...subject.childNodes);
  beside.id = subject.id;
  beside.className = subject.className;
  subject.replaceWith(beside);
  pane.replaceChildren(mail);
  pane.hidden = false;
  pane.scrollTop = 0;
  pane.parentElement.classList.add("split-on");
  for (const each of document.querySelectorAll(".looked-at")) each.classList.remove("looked-at");
  const shown = link.closest(".mail");
  shown.classList.add("looked-at");
  // Beside a mail the list is narrower and longer: without this the row would leave the window.
  shown.scrollIntoView({ block: "nearest" });
}

function onClick(event) {
  closeMenus(event.target.closest(".menu"));
  const link = event.target.closest("a[data-row]");
  const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.button);
  if (!link || !plain || !roomy.matches || !document.querySelector("[data-preview]")) return;
  event.preventDefault();
  preview(link);
}

function choose() {
  const box = row()?.closest(".mail").querySelector("input[name=m]");
  if (box) box.checked = !box.checked;
}

function chooseAll() {
  const label = document.querySelector("[data-choose-all]");
  if (!label) return;
  const box = label.querySelector("input");
  label.hidden = false;
  box.addEventListener("change", () => {
    for (const each of document.querySelectorAll("input[name=m]")) each.checked = box.checked;
  });
}

// The elements stay, or nobody hears the news.
function renew(news, newer) {
  if (!newer) return delete news.dataset.live;
  if (newer.textContent !== news.textContent) news.replaceChildren(...newer.childNodes);
  if (!newer.dataset.live) delete news.dataset.live;
}

// What goes on is asked for again until it is over; all of it on one page has one address.
async function follow(times) {
  const all = document.querySelectorAll("[data-live]");
  if (all.length === 0 || times === 0) return;
  await new Promise((done) => setTimeout(done, 2000));
  try {
    const page = await fetched(all[0].dataset.live);
    for (const news of all) renew(news, page.getElementById(news.id));
  } catch {
    return;
  }
  follow(times - 1);
}

// What stays at the top of the window must cover neither the focus nor the mail beside the list.
function leaveRoom() {
  const box = document.getElementById("recent");
  if (!box) return;
  const measure = () => root.style.setProperty("--mh-recent", `${box.offsetHeight}px`);
  new ResizeObserver(measure).observe(box);
  measure();
}

const deeds = {
  j: () => move(1),
  k: () => move(-1),
  o: () => row()?.click(),
  u: () => press("u"),
  d: () => press("d"),
  e: () => press("e"),
  b: () => press("b"),
  "#": () => press("#"),
  x: choose,
  a: () => document.querySelector('[data-key="a"]')?.click(),
  "/": () => document.querySelector("input[type=search]")?.focus(),
  "?": () => document.getElementById("keys").showModal(),
};

let goesUntil = 0;

function onKey(event) {
  if (event.key === "Escape") closeMenus();
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.repeat && !"jk".includes(event.key)) return;
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  if (remembered("keys") === "off" && event.key !== "?") return;
  const going = event.timeStamp < goesUntil;
  goesUntil = event.key === "g" ? event.timeStamp + 1500 : 0;
  const place = going && document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
  if (place) place.click();
  else if (Object.hasOwn(deeds, event.key)) deeds[event.key]();
  else return;
  event.preventDefault();
}

// After a deed the list goes on where it was.
function goOn() {
  if (/^#m\d+$/.test(location.hash)) document.querySelector(`${location.hash} [data-row]`)?.focus();
}

function begin() {
  document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  const theme = document.getElementById("theme");
  const help = document.getElementById("show-keys");
  const use = document.getElementById("use-keys");
  theme.hidden = false;
  theme.addEventListener("click", switchTheme);
  help.hidden = false;
  help.addEventListener("click", deeds["?"]);
  use.checked = remembered("keys") !== "off";
  use.addEventListener("change", () => remember("keys", use.checked ? null : "off"));
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
  // Where an address leads to, browsers take the focus away until the page is there.
  addEventListener("load", () => requestAnimationFrame(goOn));
  chooseAll();
  leaveRoom();
  follow(document.getElementById("progress") ? 1800 : 60);
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
else begin();
