/** What is asked of every page that a run is shown on. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from '@playwright/test';

/** The smallest picture there is: one transparent pixel. */
export const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
);
export const PHONE = { viewport: { width: 360, height: 740 } };

/** What accessibility rules find; of the page in other colours only these have to be asked again. */
export async function axe(page: Page, ...rules: string[]): Promise<string[]> {
  await page.evaluate(await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
  return page.evaluate(async (only) => {
    const { axe } = window as unknown as { axe: typeof import('axe-core') };
    const { violations } = await axe.run(only.length > 0 ? { runOnly: only } : {});
    return violations.map(({ id, impact, nodes }) => `${impact}: ${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  }, rules);
}

/** Charts in which nothing is drawn in a colour of a line. */
export async function emptyCharts(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('.panel:not([hidden]) .chart')].flatMap((place) => {
      const canvas = place.querySelector('canvas');
      const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      let coloured = 0;
      for (let i = 0; i < pixels.length; i += 4) {
        const [red = 0, green = 0, blue = 0, alpha = 0] = pixels.slice(i, i + 4);
        if (alpha > 128 && Math.max(red, green, blue) - Math.min(red, green, blue) > 60) coloured += 1;
      }
      return coloured < 10 ? [place.dataset.chart ?? ''] : [];
    }),
  );
}

export function isWiderThanItsWindow(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
}
