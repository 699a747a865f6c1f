// The one module: theme, menus and keys. Every page works without it.

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
  // In a list the key means the row that has the focus, elsewhere the page.
  const scope = rows().length > 0 ? row()?.closest(".mail") : document;
  scope?.querySelector(`[data-key="${key}"]`)?.click();
}

const deeds = {
  j: () => move(1),
  k: () => move(-1),
  o: () => row()?.click(),
  u: () => press("u"),
  d: () => press("d"),
  e: () => press("e"),
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

function begin() {
  const theme = document.getElementById("theme");
  const help = document.getElementById("show-keys");
  const use = document.getElementById("use-keys");
  theme.hidden = false;
  theme.addEventListener("click", switchTheme);
  help.hidden = false;
  help.addEventListener("click", deeds["?"]);
  use.checked = remembered("keys") !== "off";
  use.addEventListener("change", () => remember("keys", use.checked ? null : "off"));
  document.addEventListener("click", (event) => closeMenus(event.target.closest(".menu")));
  document.addEventListener("keydown", onKey);
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
else begin();
