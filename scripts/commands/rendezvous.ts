// npx tandem rendezvous: serves it until it is ended. HOST and PORT say where.
import { Misunderstood } from '../command.ts';

export async function run(args: string[]): Promise<void> {
  if (args.length > 0) throw new Misunderstood();
  await import('../rendezvous.ts');
}
