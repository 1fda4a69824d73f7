/** How much of each device's work a version of an entity knows: the last counter of each; one it does not name, nothing. */
export type VersionVector = Readonly<Record<string, number>>;

/** Whether `a` knows everything that `b` knows. Equal vectors dominate each other. */
export function dominates(a: VersionVector, b: VersionVector): boolean {
  return Object.entries(b).every(([device, counter]) => (a[device] ?? 0) >= counter);
}

/** Neither knows of the other: as changes of one entity they are a conflict. */
export function concurrent(a: VersionVector, b: VersionVector): boolean {
  return !dominates(a, b) && !dominates(b, a);
}

/** Two changes in one word, in whatever order they are named. */
export function pairOf(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

interface KnownChange {
  id: string;
  vector: VersionVector;
}

/** What one device knows of the versions of its entities, and the conflicts that it finds among them. */
export class EntityVersions {
  readonly #known = new Map<string, Record<string, number>>();
  readonly #recent = new Map<string, KnownChange[]>();
  readonly #conflicts = new Set<string>();

  /** The vector of the device's own next change of an entity: it knows all that the device knows. */
  next(entity: string, device: string, counter: number): VersionVector {
    return { ...this.#known.get(entity), [device]: counter };
  }

  /** Takes in a change, its own or a pulled one. */
  add(entity: string, id: string, vector: VersionVector): void {
    const known = this.#known.get(entity) ?? {};
    this.#known.set(entity, known);
    for (const [device, counter] of Object.entries(vector)) known[device] = Math.max(known[device] ?? 0, counter);
    const recent = this.#recent.get(entity) ?? [];
    this.#recent.set(entity, recent);
    for (const other of recent) if (concurrent(vector, other.vector)) this.#conflicts.add(pairOf(id, other.id));
    recent.push({ id, vector });
  }

  /** The conflicts found since the last `forget`, each a {@link pairOf} ids. */
  get conflicts(): ReadonlySet<string> {
    return this.#conflicts;
  }

  /** Forgets single changes and conflicts; what the device knows of each entity stays. */
  forget(): void {
    this.#recent.clear();
    this.#conflicts.clear();
  }
}
