"use strict";
// Comfort only: every page works without this file. Attributes say what it does:
//   data-refresh="URL" data-every="SECONDS"  what stands inside is kept up to date
//   data-follow="URL" data-every="SECONDS"   new lines come on top
//   data-copy                                a button copies the text
(() => {
  const each = (selector, act) => document.querySelectorAll(selector).forEach(act);

  const make = (tag, name, text) => {
    const element = document.createElement(tag);
    element.className = name;
    element.textContent = text;
    return element;
  };

  const button = (name, text, act) => {
    const element = make("button", name, text);
    element.type = "button";
    element.addEventListener("click", act);
    return element;
  };

  // A screen reader says what is written into voice, after what it is saying.
  const voice = make("p", "hidden", "");
  voice.setAttribute("role", "status");
  document.querySelector("main")?.append(voice);
  const say = (text) => { if (voice.textContent !== text) voice.textContent = text; };

  // A template may have rows without their table, and nothing in it runs.
  const parse = (text) => {
    const page = new DOMParser().parseFromString("<template>" + text + "</template>", "text/html");
    return document.importNode(page.querySelector("template").content, true);
  };

  // patch changes what has become another, and leaves the rest and its focus alone.
  const patch = (old, fresh) => {
    const nodes = [...fresh.childNodes];
    nodes.forEach((node, i) => {
      const there = old.childNodes[i];
      if (!there) old.append(node);
      else if (alike(there, node)) patch(there, node);
      else if (!there.isEqualNode(node)) there.replaceWith(node);
    });
    while (old.childNodes.length > nodes.length) old.lastChild.remove();
  };

  // What a visitor has unfolded stays so.
  const alike = (a, b) => a.nodeType === 1 && a.nodeName === b.nodeName &&
    (a.nodeName === "DETAILS" || a.cloneNode().isEqualNode(b.cloneNode()));

  // ask gets a fragment. Trying again helps where the server or the overseer is
  // away; it does not where the visitor has been logged out, say.
  const ask = async (url) => {
    const answer = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(60000) });
    if (answer.status >= 500) throw new Error(answer.status);
    return answer.ok ? answer : null;
  };

  // repeat takes turns while the page can be seen, until one says that it was the last.
  const repeat = (element, turn) => {
    const every = 1000 * (Number(element.dataset.every) || 5);
    const note = make("p", "note bad", "");
    const warn = (text) => {
      note.textContent = text;
      (element.closest(".box") || element).before(note);
      say(text);
    };
    let wait = every;
    const next = async () => {
      if (document.hidden) {
        document.addEventListener("visibilitychange", next, { once: true });
        return;
      }
      try {
        if (await turn(() => warn("This is no longer kept up to date. Load the page again."))) return;
        note.remove();
        wait = every;
      } catch {
        warn("The overseer does not answer. This page goes on trying.");
        wait = Math.min(2 * wait, 60000);
      }
      setTimeout(next, wait);
    };
    setTimeout(next, every);
  };

  each("[data-refresh]", (element) => repeat(element, async (stop) => {
    const answer = await ask(element.dataset.refresh);
    if (!answer) {
      stop();
      return true;
    }
    patch(element, parse(await answer.text()));
    if (answer.headers.get("Wcme-Done")) {
      location.reload();
      return true;
    }
    const last = [...element.querySelectorAll("li")].at(-1);
    if (last) say(last.textContent.replace(/\s+/g, " ").trim());
  }));

  each("[data-follow]", (list) => {
    const most = 1000;
    let url = list.dataset.follow, paused = false;
    const pause = button("quiet", "Pause", () => {
      paused = !paused;
      pause.textContent = paused ? "Go on" : "Pause";
    });
    const box = list.closest(".box") || list;
    if (!box.previousElementSibling?.matches(".actions")) box.before(make("p", "actions", ""));
    box.previousElementSibling.append(pause);
    repeat(list, async (stop) => {
      if (paused) return;
      const answer = await ask(url);
      if (!answer) {
        stop();
        return true;
      }
      const lines = parse(await answer.text());
      const count = lines.childElementCount;
      list.prepend(lines);
      while (list.childElementCount > most) list.lastElementChild.remove();
      if (count) say(count === 1 ? "1 new line" : count + " new lines");
      url = answer.headers.get("Wcme-Next");
      if (!url) pause.remove();
      return !url;
    });
  });

  // Browsers let only pages of an encrypted connection write to the clipboard.
  if (navigator.clipboard) each("[data-copy]", (code) => {
    const copy = button("quiet copy", "Copy", async () => {
      await navigator.clipboard.writeText(code.textContent.trim());
      copy.textContent = "Copied";
      say("Copied");
      setTimeout(() => { copy.textContent = "Copy"; }, 2000);
    });
    code.after(copy);
  });

  // A form that was sent is not sent again by a second click.
  each("form[method=post]", (form) => {
    let sent = 0;
    form.addEventListener("submit", (event) => {
      if (event.timeStamp - sent < 3000 && sent) event.preventDefault();
      else sent = event.timeStamp;
    });
  });

  document.getElementById("mistakes")?.focus();

  // Not scrollIntoView: some browsers then let the first Tab go on from there.
  const section = document.querySelector("header [aria-current]"), row = section?.closest("ul");
  if (row) row.scrollLeft += section.getBoundingClientRect().left - row.getBoundingClientRect().left - (row.clientWidth - section.offsetWidth) / 2;
})();
