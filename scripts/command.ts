/** What a command's file exports. */
export interface TandemCommand {
  /**
   * @param args what stands behind the command's name
   * @param root the project's folder: where it is called, or load/ below that
   * @throws Misunderstood, or an error whose message is the one sentence that there is to say; the exit code is then 1
   */
  run(args: string[], root: string): Promise<void>;
}

/** The arguments are none of the command's. */
export class Misunderstood extends Error {}
