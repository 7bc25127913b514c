import { request as httpRequest, type Agent } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { HttpRequest, HttpResponse } from './host.js';

const maxBody = 64 * 1024;

/**
 * Makes one request without keep-alive.
 *
 * @param agent makes the connection, with TLS where the request says so; `false`: one of this machine.
 */
export function requestThrough(agent: Agent | false, request: HttpRequest): Promise<HttpResponse> {
  const { host, port, path, timeoutMs, headers, tlsName, signal } = request;
  const limit = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const options = {
      ...{ host, port, path, agent },
      headers: { ...headers, connection: 'close' },
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    };
    const sent =
      tlsName === undefined
        ? httpRequest(options)
        : httpsRequest({ ...options, servername: isIP(tlsName) ? '' : tlsName, rejectUnauthorized: false });
    // A stream that is no socket is told of the end only, not of its reason.
    sent.once('error', (error) => reject(signal?.aborted ? (signal.reason as Error) : error));
    sent.once('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body = (body + chunk).slice(0, maxBody)));
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: flat(response.headers), body }));
    });
    sent.end();
  });
}

function flat(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]));
}
