import type { StudioApi } from './api.ts';

/** What the views of a session work with. */
export interface Context {
  api: StudioApi;
  /** What to tell the user of a call that failed. */
  failed(error: unknown): string;
  /** Aborted when the session ends. */
  signal: AbortSignal;
}

/** A part of the page, of which one is shown at a time. */
export interface View {
  /** Begins to show what there is, or shows it anew. */
  show(): void;
  /** Asks for nothing more until it is shown again. */
  hide(): void;
}
