/** The method that the gRPC bench calls. */
import { fromJSON, type ServiceDefinition } from '@grpc/proto-loader';

export const service = fromJSON(
  {
    nested: {
      bench: {
        nested: {
          Things: { methods: { Get: { requestType: 'Key', responseType: 'Thing', comment: '' } } },
          Key: { fields: { id: { type: 'string', id: 1 } } },
          Thing: { fields: { id: { type: 'string', id: 1 }, version: { type: 'int32', id: 2 } } },
        },
      },
    },
  },
  { keepCase: true, defaults: true },
)['bench.Things'] as ServiceDefinition;
