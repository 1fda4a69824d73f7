/** Of the registry of close codes (https://www.iana.org/assignments/websocket), in lower case. */
const names: Record<number, string> = {
  1000: 'normal closure',
  1001: 'going away',
  1002: 'protocol error',
  1003: 'unsupported data',
  1005: 'no status',
  1006: 'abnormal closure',
  1007: 'invalid payload data',
  1008: 'policy violation',
  1009: 'message too big',
  1010: 'mandatory extension',
  1011: 'internal error',
  1012: 'service restart',
  1013: 'try again later',
  1014: 'bad gateway',
  1015: 'TLS handshake',
  3000: 'unauthorized',
  3003: 'forbidden',
  3008: 'timeout',
};

/** With which code a connection was closed, and what that is called: `1001 going away`. */
export function closeCode(code: number): string {
  return `${code} ${names[code] ?? (code >= 4_000 ? "application's own" : 'unknown')}`;
}
