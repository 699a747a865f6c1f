// Writing a mail: kept as somebody types, files with their progress, people by their first letters.
// The page works without it.

const form = document.getElementById("writing");
const PAUSE = 1500;
const LONGEST_PAUSE = 10_000;

// What was typed is kept, one save after another.

let version = form?.elements.version;
let kept = form && typed();
let due = 0;
let since = 0;
let saving = null;

function typed() {
  const data = new FormData(form);
  data.delete("files");
  data.delete("version");
  return new URLSearchParams(data).toString();
}

function say(text) {
  document.getElementById("saved").textContent = text;
}

function showOutside(text) {
  const note = document.getElementById("outside");
  note.hidden = text === "";
  note.querySelector("span").textContent = text;
}

async function save() {
  const now = typed();
  if (now === kept) return;
  const body = new URLSearchParams(now);
  body.set("version", version.value);
  body.set("deed", "save");
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "error", keepalive: now.length < 50_000 });
    const told = await answer.json();
    say(told.said);
    if (!answer.ok) return;
    kept = now;
    version.value = told.version;
    showOutside(told.outside);
  } catch {
    say(document.getElementById("saved").dataset.failed);
  }
}

function saveNow() {
  clearTimeout(due);
  since = 0;
  const mine = (saving ?? Promise.resolve()).then(save).finally(() => {
    if (saving === mine) saving = null;
  });
  saving = mine;
}

function saveSoon() {
  clearTimeout(due);
  since ||= Date.now();
  due = setTimeout(saveNow, Math.min(PAUSE, Math.max(0, since + LONGEST_PAUSE - Date.now())));
}

// A button carries the newest version: what is being saved comes first. It is pressed once.
let pressed = false;

function onSubmit(event) {
  clearTimeout(due);
  if (pressed) return event.preventDefault();
  if (!saving) return (pressed = true);
  event.preventDefault();
  const button = event.submitter;
  // A form is not sent again while it says that it is about to be.
  saving.then(() => setTimeout(() => form.requestSubmit(button)));
}

// Files.

function line(name) {
  const row = document.createElement("p");
  const bar = document.createElement("progress");
  bar.className = "progress-line";
  bar.max = 1;
  bar.setAttribute("aria-label", name);
  row.append(`${name} `, bar);
  document.getElementById("uploads").append(row);
  return { row, bar };
}

function upload(files) {
  if (files.length === 0) return;
  const { row, bar } = line([...files].map((each) => each.name).join(", "));
  const data = new FormData();
  data.set("csrf_token", form.elements.csrf_token.value);
  for (const each of files) data.append("files", each);
  const request = new XMLHttpRequest();
  request.upload.addEventListener("progress", (event) => (bar.value = event.loaded / event.total));
  request.addEventListener("loadend", () => {
    const page = request.status === 200 ? request.responseXML : null;
    const fresh = page?.getElementById("files");
    if (!fresh) return bar.replaceWith(request.responseXML?.querySelector("main")?.innerText.trim() || `${request.status}`);
    document.getElementById("files").replaceChildren(...fresh.childNodes);
    row.replaceWith(...page.querySelectorAll("main > .said"));
  });
  request.open("POST", form.dataset.files);
  request.responseType = "document";
  request.send(data);
}

function takeFiles() {
  const chosen = document.getElementById("files-chosen");
  form.querySelector("[data-only-without-scripts]").hidden = true;
  form.querySelector("[data-with-scripts]").hidden = false;
  chosen.addEventListener("change", () => {
    upload(chosen.files);
    chosen.value = "";
  });
  const over = (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    form.classList.toggle("dropping", event.type === "dragover");
  };
  for (const name of ["dragover", "dragleave", "drop"]) form.addEventListener(name, over);
  form.addEventListener("drop", (event) => upload(event.dataTransfer.files));
}

// People: a list below the field (ARIA: combobox), for what was typed after the last comma.

const last = (text) => text.slice(Math.max(text.lastIndexOf(","), text.lastIndexOf(";")) + 1).trim();

function people(field) {
  const list = document.createElement("ul");
  list.id = `${field.id}-known`;
  list.className = "known";
  list.setAttribute("role", "listbox");
  list.hidden = true;
  field.after(list);
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", list.id);
  field.setAttribute("aria-expanded", "false");
  let at = -1;
  let asked = "";

  function show(found) {
    at = -1;
    list.replaceChildren(...found.map((text, index) => {
      const option = document.createElement("li");
      option.id = `${list.id}-${index}`;
      option.setAttribute("role", "option");
      option.textContent = text;
      return option;
    }));
    list.hidden = found.length === 0;
    field.setAttribute("aria-expanded", String(found.length > 0));
    field.removeAttribute("aria-activedescendant");
  }

  function mark(index) {
    list.children[at]?.removeAttribute("aria-selected");
    at = (index + list.children.length) % list.children.length;
    list.children[at].setAttribute("aria-selected", "true");
    field.setAttribute("aria-activedescendant", list.children[at].id);
  }

  function take(option) {
    const before = field.value.slice(0, field.value.length - last(field.value).length);
    field.value = `${before}${option.textContent}, `;
    show([]);
    field.focus();
    saveSoon();
  }

  async function ask() {
    const text = last(field.value);
    asked = text;
    if (text.length < 2) return show([]);
    const url = new URL(field.dataset.known, location);
    url.searchParams.set("q", text);
    try {
      const found = await (await fetch(url, { redirect: "error" })).json();
      if (asked === text) show(found);
    } catch {
      show([]);
    }
  }

  field.addEventListener("input", ask);
  field.addEventListener("blur", () => show([]));
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const option = event.target.closest("li");
    if (option) take(option);
  });
  field.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown") mark(at + 1);
    else if (event.key === "ArrowUp") mark(at < 0 ? -1 : at - 1);
    else if ((event.key === "Enter" || event.key === "Tab") && at >= 0) take(list.children[at]);
    else if (event.key === "Escape") show([]);
    else return;
    event.preventDefault();
  });
}

function write() {
  form.addEventListener("input", saveSoon);
  form.addEventListener("submit", onSubmit);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.querySelector("[value=send]").click();
  });
  addEventListener("pagehide", save);
  // Whoever comes back by the browser's own way may press again.
  addEventListener("pageshow", () => (pressed = false));
  takeFiles();
  for (const field of form.querySelectorAll("[data-known]")) people(field);
  const text = document.getElementById("text");
  if (document.activeElement === text) text.setSelectionRange(0, 0);
}

// A mail that is about to be sent: looked at again until it is gone, and then at what became of it.

async function follow(news) {
  await new Promise((done) => setTimeout(done, 1000));
  try {
    const answer = await fetch(location.href);
    if (answer.redirected || !answer.ok) return location.assign(answer.url);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    news.replaceChildren(...page.getElementById(news.id).childNodes);
  } catch {
    // The network comes back, or the page is left.
  }
  follow(news);
}

const leaves = document.getElementById("leaves");

if (form) write();
else if (leaves) follow(leaves);
