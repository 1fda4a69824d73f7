/** The services that gRPC itself defines: https://github.com/grpc/grpc-proto/tree/master/grpc, as far as they are asked here. */
import { fromJSON, type MessageTypeDefinition, type ServiceDefinition } from '@grpc/proto-loader';

const string = (id: number) => ({ type: 'string', id });

const reflection = {
  ServerReflectionRequest: {
    oneofs: { message_request: { oneof: ['file_by_filename', 'file_containing_symbol', 'list_services'] } },
    fields: {
      host: string(1),
      file_by_filename: string(3),
      file_containing_symbol: string(4),
      list_services: string(7),
    },
  },
  ServerReflectionResponse: {
    oneofs: {
      message_response: { oneof: ['file_descriptor_response', 'list_services_response', 'error_response'] },
    },
    fields: {
      file_descriptor_response: { type: 'FileDescriptorResponse', id: 4 },
      list_services_response: { type: 'ListServiceResponse', id: 6 },
      error_response: { type: 'ErrorResponse', id: 7 },
    },
  },
  FileDescriptorResponse: { fields: { file_descriptor_proto: { rule: 'repeated', type: 'bytes', id: 1 } } },
  ListServiceResponse: { fields: { service: { rule: 'repeated', type: 'ServiceResponse', id: 1 } } },
  ServiceResponse: { fields: { name: string(1) } },
  ErrorResponse: { fields: { error_code: { type: 'int32', id: 1 }, error_message: string(2) } },
  ServerReflection: {
    methods: {
      ServerReflectionInfo: {
        requestType: 'ServerReflectionRequest',
        requestStream: true,
        responseType: 'ServerReflectionResponse',
        responseStream: true,
        comment: '',
      },
    },
  },
};

const health = {
  HealthCheckRequest: { fields: { service: string(1) } },
  HealthCheckResponse: {
    fields: { status: { type: 'ServingStatus', id: 1 } },
    nested: { ServingStatus: { values: { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } } },
  },
  Health: {
    methods: { Check: { requestType: 'HealthCheckRequest', responseType: 'HealthCheckResponse', comment: '' } },
  },
};

/** Of `google/protobuf/descriptor.proto` the fields that are read here; what is not is skipped. */
const descriptors = {
  FileName: { fields: { name: string(1), dependency: { rule: 'repeated', type: 'string', id: 3 } } },
  FileSet: { fields: { file: { rule: 'repeated', type: 'bytes', id: 1 } } },
};

const nested = (name: string, content: object) => ({ nested: { [name]: content } });
const definitions = fromJSON(
  {
    nested: {
      grpc: {
        nested: {
          health: nested('v1', { nested: health }),
          reflection: { nested: { v1: { nested: reflection }, v1alpha: { nested: reflection } } },
        },
      },
      descriptors: { nested: descriptors },
    },
  },
  { enums: String, arrays: true, defaults: true, oneofs: true },
);

const method = (service: string, name: string) => (definitions[service] as ServiceDefinition)[name]!;
const message = (name: string) => definitions[name] as MessageTypeDefinition<object, object>;

export const healthCheck = method('grpc.health.v1.Health', 'Check');
/** The version that most servers have comes first; older ones have the other alone. */
export const reflectionMethods = ['v1', 'v1alpha'].map((version) =>
  method(`grpc.reflection.${version}.ServerReflection`, 'ServerReflectionInfo'),
);
export const fileName = message('descriptors.FileName');
export const fileSet = message('descriptors.FileSet');
