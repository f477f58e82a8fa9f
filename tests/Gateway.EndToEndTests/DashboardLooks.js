// What is wrong with how the page looks now: texts that are hard to read, and what does not fit the screen.
(width => {
  const channel = value => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const numbers = colour => colour.startsWith("color(srgb") ? colour.match(/[\d.]+/g).slice(0, 4).map((it, i) => i < 3 ? it * 255 : +it) : colour.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = element => {
    for (let it = element; it; it = it.parentElement) {
      const colour = numbers(getComputedStyle(it).backgroundColor);
      if ((colour[3] ?? 1) > 0.8) return colour;
    }
    return [255, 255, 255];
  };
  const faults = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].filter(it => it.nodeType === Node.TEXT_NODE).map(it => it.textContent.trim()).join("");
    if (!own || !element.checkVisibility() || element.closest(".unseen, .skip, dialog, thead")) continue;
    const [one, other] = [light(numbers(getComputedStyle(element).color)), light(ground(element))].sort((a, b) => b - a);
    const contrast = (one + 0.05) / (other + 0.05);
    if (contrast < 4.5) faults.push(`contrast ${contrast.toFixed(2)}: ${own.slice(0, 40)}`);
    if (!element.closest(".scroll") || width < 700) {
      const box = element.getBoundingClientRect();
      if (box.right > width + 1 || box.left < -1) faults.push(`outside the screen: ${own.slice(0, 40)}`);
    }
  }
  if (document.documentElement.scrollWidth > width) faults.push(`the page is ${document.documentElement.scrollWidth} wide on a screen of ${width}`);
  for (const it of document.querySelectorAll("button, input")) if (it.checkVisibility() && it.getBoundingClientRect().height < 38) faults.push(`a small target: ${it.id}`);
  for (const it of document.querySelectorAll("td.name")) if (it.checkVisibility() && it.getBoundingClientRect().height > 100) faults.push(`a name in pieces: ${it.textContent}`);
  return faults;
})
