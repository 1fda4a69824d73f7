import type { FastifyError, FastifyInstance } from 'fastify';

const INVALID_REQUEST = 'INVALID_REQUEST';

/** An answer other than success, in the shape of the wire: `{error: {code, message}, timestamp}`. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Record<string, string>;

  constructor(status: number, code: string, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export const unauthorized = () => new ApiError(401, 'UNAUTHORIZED', 'A valid bearer token is required.');
export const invalid = (message: string) => new ApiError(400, INVALID_REQUEST, message);

/** The JSON body of an error. */
export function errorBody(code: string, message: string): string {
  return JSON.stringify({ error: { code, message }, timestamp: Date.now() });
}

/** Gives every error of the server, the framework's own included, the shape of the wire. */
export function installErrorAnswers(app: FastifyInstance): void {
  app.setErrorHandler((error: Error, _request, reply) => {
    const { status, code, message, headers } = toApiError(error);
    return reply.code(status).headers(headers).type('application/json').send(errorBody(code, message));
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0];
    return reply
      .code(404)
      .type('application/json')
      .send(errorBody('NOT_FOUND', `No route ${request.method} ${path}.`));
  });
}

/**
 * Lets the routes of `app` answer 422 to a body or query that is JSON and not what is asked for; what is no JSON stays a
 * 400. Most APIs here do not tell these apart.
 */
export function answerUnprocessable(app: FastifyInstance): void {
  app.setErrorHandler((error: Error) => {
    if (!(error instanceof ApiError) || error.code !== INVALID_REQUEST) throw error;
    throw new ApiError(422, 'VALIDATION_ERROR', error.message);
  });
}

function toApiError(error: Error): ApiError {
  if (error instanceof ApiError) return error;
  const { code = '', statusCode = 500 } = error as Partial<FastifyError>;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new ApiError(413, 'PAYLOAD_TOO_LARGE', 'The body is larger than 5 MB.');
  }
  if (statusCode < 500) return invalid(error.message);
  // Codes of PostgreSQL (class 08: connection, 53: resources, 57P: shutdown), of the socket to it, or of its pool.
  if (/^(08|53|57P)|^E[A-Z]+$/.test(code) || /timeout exceeded|Connection terminated/.test(error.message)) {
    return new ApiError(503, 'DATABASE_UNAVAILABLE', 'The database does not answer.');
  }
  console.error(error);
  return new ApiError(500, 'INTERNAL_ERROR', 'The server failed.');
}
