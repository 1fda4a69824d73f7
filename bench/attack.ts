/** CPU time of an attack from a targets file at 10,000 a second, side by side with autocannon at the same rate. */
import { compare } from './http.ts';

export const name = 'attack';
export const about = 'CPU per request of an attack at 10,000/s beside autocannon at the same rate';

const contenders = [
  { module: 'autocannon-at-rate', label: 'autocannon, 10,000 a second' },
  { module: 'attack', label: 'tandem attack, 10,000 a second' },
];

export const run = (): Promise<void> => compare(contenders, 'autocannon');
