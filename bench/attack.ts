/** CPU time of an attack from a targets file at 10,000 a second, side by side with autocannon. */
import { compare } from './http.ts';

export const name = 'attack';
export const about = 'CPU per request of an attack at 10,000/s beside autocannon as fast as it goes';

/** autocannon's own rate comes as a burst at the beginning of each second, which is another load. */
const contenders = [
  { module: 'autocannon', label: 'autocannon' },
  { module: 'bare', label: 'bare undici loop' },
  { module: 'attack', label: 'tandem attack, 10,000 a second' },
];

export const run = (): Promise<void> => compare(contenders, 'autocannon');
