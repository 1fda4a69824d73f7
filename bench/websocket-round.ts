/** What all contenders of the WebSocket bench send. */
export const MESSAGE_BYTES = 128;
/** A round's messages are spread over so long. */
export const ROUND_MS = 4_000;
