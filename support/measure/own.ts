/** What a record has of its own under a name that somebody chose: that may be `constructor`, which every object has something under. */
export function ownOf<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
