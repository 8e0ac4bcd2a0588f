// A model page's script: copies code, and shows pictures of other sites once the reader asks for them.

// Code that names the site learns its address from the page.
for (const code of document.querySelectorAll("code[data-site]")) {
  const root = new URL(code.dataset.root || ".", location.href).href.replace(/\/$/, "");
  code.textContent = code.textContent.replaceAll(code.dataset.site, root);
}

for (const button of document.querySelectorAll("button[data-action]")) button.hidden = false;

async function copy(button) {
  const before = button.textContent;
  await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
  button.textContent = button.dataset.copied;
  setTimeout(() => (button.textContent = before), 2000);
}

// Only addresses of the web: what stands in the data is the card's.
function show(place) {
  const { src, alt, width, height } = place.dataset;
  if (!/^https?:\/\//i.test(src)) return;
  const image = new Image();
  for (const [name, value] of Object.entries({ alt, width, height })) if (value) image.setAttribute(name, value);
  image.className = [...place.classList].filter((name) => name.startsWith("only-")).join(" ");
  image.referrerPolicy = "no-referrer";
  image.src = src;
  place.replaceWith(image);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-action]");
  if (button?.dataset.action === "copy") copy(button).catch(() => {});
  if (button?.dataset.action === "show-images") {
    document.querySelectorAll(".remote-image[data-src]").forEach(show);
    button.closest("[data-remote-images]").remove();
  }
});
