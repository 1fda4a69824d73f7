/** A trivial gRPC server in a process of its own: one small answer. Tells its parent the port it listens on. */
import { Server, ServerCredentials, type sendUnaryData } from '@grpc/grpc-js';
import { service } from './grpc-things.ts';

const server = new Server();
const Get = (_call: unknown, reply: sendUnaryData<object>) => reply(null, { id: 'a', version: 1 });
server.addService(service, { Get });
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.send?.({ port });
});
process.on('disconnect', () => process.exit(0));
