/** What an oracle saw, in words: `706 acknowledged, 0 found by every reader`. Parts that are false are left out. */
export function summaryOf(...parts: (readonly [count: number, what: string] | false)[]): string {
  return parts
    .filter((part) => part !== false)
    .map(([count, what]) => `${count.toLocaleString('en-US')} ${what}`)
    .join(', ');
}
