/** Tandem's part in the gRPC bench: what a load does in a run, without Playwright around it. */
import { Grpc, grpcMetrics } from '../protocol/transports/grpc.ts';
import { Recorder } from '../support/measure/recorder.ts';
import type { Plan } from '../support/schedule/plan.ts';
import type { Vu } from '../support/vu.ts';
import { directWire } from '../support/wire.ts';
import type { Round } from './contender.ts';
import { service } from './grpc-things.ts';
import { runLoad, sliceContext } from './load.ts';

const INTERVAL_MS = 1000;

/** Sends rounds by a plan: every iteration paced and recorded, every answer checked, every interval packed. */
export class GrpcBenchLoad {
  readonly #recorder = new Recorder('bench', 'load', grpcMetrics);
  #grpc: Grpc | undefined;

  /** Rejects when a call or check fails, or not exactly the round's calls were sent. */
  async send({ origin, connections, requests }: Round, plan: Plan): Promise<void> {
    const recorder = this.#recorder;
    const context = sliceContext(origin, recorder, connections);
    this.#grpc ??= await Grpc.open(context, { address: new URL(origin).host, secure: false, wire: directWire });
    const grpc = this.#grpc;
    const get = async (vu: Vu) => {
      const answer = await grpc.call<{ version: number }>({ op: 'get', method: service.Get!, request: { id: 'a' } });
      if (!vu.check('status is OK', answer.status === 'OK')) return;
      vu.check('answer has a version', answer.value?.version === 1);
    };
    const pack = () => JSON.stringify(recorder.pack());
    const packing = setInterval(pack, INTERVAL_MS);
    const { completed } = await runLoad(plan, context, get);
    clearInterval(packing);
    pack();
    if (completed !== requests || Object.keys(recorder.errors).length > 0) {
      throw new Error(`${completed} of ${requests} calls were sent; errors: ${JSON.stringify(recorder.errors)}`);
    }
  }
}
