/** The part of autocannon that the bench uses; the package brings no types. */
declare module 'autocannon' {
  interface Options {
    url: string;
    connections: number;
    /** Requests to send before it stops. */
    amount: number;
    /** Requests a second of all connections; absent: as fast as it goes. */
    overallRate?: number;
    /** Milliseconds between two samples of its counters. */
    sampleInt: number;
  }
  interface Result {
    '2xx': number;
    errors: number;
  }
  export default function autocannon(options: Options): Promise<Result>;
}
