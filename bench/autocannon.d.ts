/** The part of autocannon that the bench uses; the package brings no types. */
declare module 'autocannon' {
  interface Options {
    url: string;
    connections: number;
    /** Requests to send before it stops. */
    amount: number;
    /** Milliseconds between two samples of its counters. */
    sampleInt: number;
  }
  interface Result {
    '2xx': number;
    errors: number;
  }
  export default function autocannon(options: Options): Promise<Result>;
}
