const dayAndMonth = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const formatted = new Map<string, string>();

/** Today on this person's calendar, as `YYYY-MM-DD`. */
export function today(now: Date = new Date()): string {
  const two = (n: number) => String(n).padStart(2, '0');
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

/** Whether `text` is a day that exists, written `YYYY-MM-DD`. */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  // Date rolls 31 February over into March instead of refusing it.
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

/** `2025-06-03` as `3 Jun`, followed by the year when it is not this one. What is no date stays as it is. */
export function formatDate(date: string, year: number = new Date().getFullYear()): string {
  // A list asks for the same few days thousands of times.
  const key = `${date} ${year}`;
  let text = formatted.get(key);
  if (text === undefined) {
    text = isDate(date) ? dayAndMonth.format(new Date(`${date}T00:00:00Z`)) : date;
    if (isDate(date) && !date.startsWith(`${year}-`)) text += ` ${date.slice(0, 4)}`;
    formatted.set(key, text);
  }
  return text;
}

/** The time of day with seconds, on this person's clock. */
export function formatTime(at: Date): string {
  return time.format(at);
}
