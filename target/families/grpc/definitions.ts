import { fromJSON, type PackageDefinition, type ServiceDefinition } from '@grpc/proto-loader';

const string = (id: number) => ({ type: 'string', id });
const int32 = (id: number) => ({ type: 'int32', id });
const int64 = (id: number) => ({ type: 'int64', id });
const message = (fields: object) => ({ fields }) as { fields: Record<string, { type: string; id: number }> };
/** protobufjs wants a comment, by its types. */
const method = (requestType: string, responseType: string, streams = {}) => ({
  requestType,
  responseType,
  ...streams,
  comment: '',
});
const ofKernel = message({ kernel_id: string(1) });

const kernel = {
  Kernel: {
    methods: {
      Execute: method('ExecuteRequest', 'ExecuteResponse'),
      GetStatus: method('GetStatusRequest', 'KernelStatus'),
      History: method('HistoryRequest', 'Execution', { responseStream: true }),
      Watch: method('WatchRequest', 'Event', { responseStream: true }),
    },
  },
  ExecuteRequest: message({ kernel_id: string(1), code: string(2) }),
  ExecuteResponse: message({ execution_id: string(1), status: string(2), output: string(3) }),
  GetStatusRequest: ofKernel,
  KernelStatus: message({ state: string(1), executions: int64(2) }),
  HistoryRequest: ofKernel,
  Execution: message({ execution_id: string(1), code: string(2), status: string(3), output: string(4) }),
  WatchRequest: ofKernel,
  Event: message({
    ...{ sequence: int64(1), type: string(2), kernel_id: string(3), execution_id: string(4), timestamp: int64(5) },
  }),
};

const ai = {
  Assistant: {
    methods: {
      Complete: method('CompleteRequest', 'Completion'),
      StreamComplete: method('CompleteRequest', 'Token', { responseStream: true }),
    },
  },
  CompleteRequest: message({ prompt: string(1), max_tokens: int32(2) }),
  Completion: message({ text: string(1), tokens: int32(2) }),
  Token: {
    oneofs: { _final_text: { oneof: ['final_text'] } },
    ...message({ index: int32(1), text: string(2), final_text: { ...string(3), options: { proto3_optional: true } } }),
  },
};

/** What is served, as its `.proto` files would say it: `kernel.v1` and `ai.v1`. */
export const definitions: PackageDefinition = fromJSON(
  {
    nested: {
      kernel: { nested: { v1: { nested: kernel } } },
      ai: { nested: { v1: { nested: ai } } },
    },
  },
  { keepCase: true, longs: Number, defaults: true },
);

export const kernelService = definitions['kernel.v1.Kernel'] as ServiceDefinition;
export const assistantService = definitions['ai.v1.Assistant'] as ServiceDefinition;
