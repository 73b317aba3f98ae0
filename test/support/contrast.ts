// Text that is hard to read: with less contrast than WCAG 2.2 asks for (criterion 1.4.3), as the page is shown now.
import type { Page } from "puppeteer-core";

const LEAST = 4.5;

/** What is written too faintly, with its contrast. Disabled controls may be faint. */
export function findFaintText(page: Page): Promise<string[]> {
  return page.evaluate((least) => {
    const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    if (context === null) throw new Error("no canvas");

    /** Red, green, blue and opacity, from 0 to 255. */
    const channelsOf = (colour: string): Uint8ClampedArray => {
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
      return context.getImageData(0, 0, 1, 1).data;
    };

    /** Relative luminance, as WCAG defines it. */
    const luminanceOf = (colour: string): number => {
      const [red = 0, green = 0, blue = 0] = Array.from(channelsOf(colour), (channel) => {
        const share = channel / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };

    const backgroundOf = (element: Element | null): string => {
      if (element === null) return "white";
      const { backgroundColor } = getComputedStyle(element);
      return channelsOf(backgroundColor)[3] === 0 ? backgroundOf(element.parentElement) : backgroundColor;
    };

    const hasText = (element: Element): boolean =>
      Array.from(element.childNodes).some((node) => node.nodeType === Node.TEXT_NODE && node.nodeValue?.trim() !== "");

    return Array.from(document.querySelectorAll("body :not(:disabled)"))
      .filter((element) => element.checkVisibility() && hasText(element))
      .map((element) => {
        const luminances = [luminanceOf(getComputedStyle(element).color), luminanceOf(backgroundOf(element))];
        const contrast = (Math.max(...luminances) + 0.05) / (Math.min(...luminances) + 0.05);
        return { text: element.textContent.trim(), contrast };
      })
      .filter(({ contrast }) => contrast < least)
      .map(({ text, contrast }) => `${text} (${contrast.toFixed(2)})`);
  }, LEAST);
}
