/** What a number counts: `ms`, a `ratio` in 0…1, a plain `count`, `bytes`, or `none` (a score such as CLS). */
export type Unit = 'ms' | 'ratio' | 'count' | 'bytes' | 'none';
